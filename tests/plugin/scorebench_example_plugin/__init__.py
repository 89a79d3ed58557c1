"""Trackers of somebody else."""
