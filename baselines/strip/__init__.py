"""What followers that read an unrolled score share: the systems of a page side by side, what is heard, finding systems.

MM-Loc and the score following game read such a strip, and hear the last 2 s of CUNet's spectrogram.
"""
