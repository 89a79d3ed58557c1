"""The conditional YOLO of Henkel & Widmer (2021): network, loss, training, and the trackers built on it."""
