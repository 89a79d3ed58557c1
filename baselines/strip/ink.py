"""The ink of a page: how dark each place is against its paper, at a size at which staves can be found quickly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import maximum_filter

from scorebench.errors import DataError

MOST_PIXELS = 1_500_000
"""A page of more is made smaller: its staff lines are then still 5 px or more apart on any page of usual music."""
LEAST_PIXELS = 400_000
"""A page of less is made twice as large, so that white is left between its lines."""
_PAPER_PX = 64
"""Paper is as light as the median of a square of that size, or of one beside it that is lighter: neither shadows nor
the black border of a scan matter."""
_LEAST_PAPER = 32
"""Nothing that is darker is paper."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What is printed on a page.

    Attributes:
        ink: (rows, columns) float32, 0 paper, 1 ink.
        x_scale, y_scale: pixels of the page for one of these.
    """

    ink: NDArray[np.float32]
    x_scale: float
    y_scale: float


def ink_of(page: NDArray[np.uint8]) -> Ink:
    """What is printed on ``page``, (height, width) uint8, 0 black.

    Raises:
        DataError: it is no page.
    """
    if page.ndim != 2 or min(page.shape) < 2:
        raise DataError(f"a page of shape {page.shape} has no music: it must be (height, width)")
    reduction = max(1.0, float(np.sqrt(page.size / MOST_PIXELS))) if page.size > LEAST_PIXELS else 0.5
    rows, columns = (max(1, round(side / reduction)) for side in page.shape)
    small = page if reduction == 1 else _resized(page, rows, columns)
    paper = _paper(small)
    ink = np.clip((paper - small) / paper, 0, 1).astype(np.float32)
    return Ink(ink, page.shape[1] / columns, page.shape[0] / rows)


def _resized(page: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    method = Image.Resampling.HAMMING if rows < len(page) else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(page).resize((columns, rows), method))


def _paper(page: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(rows, columns) how light the paper is."""
    rows, columns = page.shape
    down, across = -(-rows // _PAPER_PX), -(-columns // _PAPER_PX)
    padded = np.pad(page, ((0, down * _PAPER_PX - rows), (0, across * _PAPER_PX - columns)), mode="edge")
    squares = padded.reshape(down, _PAPER_PX, across, _PAPER_PX).swapaxes(1, 2).reshape(down, across, -1)
    light = maximum_filter(np.maximum(np.median(squares, axis=2), _LEAST_PAPER).astype(np.float32), 3)
    if (light == light[0, 0]).all():
        return np.full(page.shape, light[0, 0], np.float32)
    smooth = Image.fromarray(light).resize((across * _PAPER_PX, down * _PAPER_PX), Image.Resampling.BILINEAR)
    return np.asarray(smooth)[:rows, :columns]
