"""Optical music recognition, and following what was read."""
