"""What trainings of trackers share: pages with their sound, hearing, the course of a training. For trainers alone."""
