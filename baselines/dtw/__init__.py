"""On-line time warping against a rendered score."""
