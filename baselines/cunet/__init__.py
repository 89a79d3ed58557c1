"""CUNet: a U-Net that reads a whole page and marks in it what is heard, frame by frame."""
