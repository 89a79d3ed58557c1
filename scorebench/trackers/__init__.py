"""Built-in trackers whose scores can be proved by hand."""
