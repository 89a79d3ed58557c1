"""What is seen of a strip at one place: an excerpt around it, at half its size."""

import numpy as np
from numpy.typing import NDArray

WIDTH_PX = 512
"""Columns of an excerpt, before it is halved."""
SNIPPET = (80, 256)
"""Rows and columns of what a network sees of the score."""

_WHITE = 255


def excerpt(image: NDArray[np.uint8], centre_x: float, width: int = WIDTH_PX) -> NDArray[np.uint8]:
    """The columns of a strip around ``centre_x``, rounded to a column; white beyond the ends of the strip.

    Args:
        image: (rows, W) uint8, 0 black, 255 white.
        centre_x: x on the strip, in its pixels; column ``width // 2`` of the excerpt begins there.

    Returns:
        (rows, width) uint8.
    """
    first = int(np.floor(centre_x + 0.5)) - width // 2
    begin, end = np.clip([first, first + width], 0, image.shape[1])
    seen = np.full((image.shape[0], width), _WHITE, np.uint8)
    seen[:, begin - first : end - first] = image[:, begin:end]
    return seen


def halved(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An excerpt at half its size, as ink: each pixel the mean over the four that it covers.

    Args:
        image: (..., rows, columns) uint8, 0 black, 255 white; rows and columns even.

    Returns:
        (..., rows / 2, columns / 2) float32, 0 paper, 1 ink.
    """
    ink = _WHITE - image.astype(np.int32)
    total = ink[..., ::2, ::2] + ink[..., 1::2, ::2] + ink[..., ::2, 1::2] + ink[..., 1::2, 1::2]
    return np.asarray(total / np.float32(4 * _WHITE), np.float32)
