"""The conditional YOLO of Henkel & Widmer (2021)."""
