"""Training MM-Loc."""
