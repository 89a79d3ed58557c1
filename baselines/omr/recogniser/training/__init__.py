"""How the network of the recogniser is trained: labelled pages from two engravers, crops of them, and the training."""
