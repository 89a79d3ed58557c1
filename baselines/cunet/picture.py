"""From a page to what CUNet sees of it, and from the mask it gives back to a box on the page.

The network was trained on pages of 1181 x 835 px at a third of their size, 393 x 278. Pages of another size are scaled
so that their height becomes 393, which leaves staves as high as it knows them if the page has as many.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorebench.area import area_average
from scorebench.errors import DataError

HEIGHT = 393
"""Rows the network sees, whatever the size of the page."""
BOX_WIDTH = 10
"""Columns of the box around a position that it was trained to mark."""
MIN_WIDTH, MAX_WIDTH = 16, 4 * HEIGHT
"""Columns it can see: halved four times there must be one left; and four pages side by side are not a page."""
THRESHOLD = 0.5
"""From this probability on a pixel is marked."""


def seen_shape(height_px: int, width_px: int) -> tuple[int, int]:
    """Rows and columns that the network sees of a page.

    Raises:
        DataError: the page is empty, or no page by its proportions.
    """
    width = round(width_px * HEIGHT / height_px) if height_px else 0
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise DataError(
            f"a page of {height_px} x {width_px} px (height x width): CUNet reads pages from {MIN_WIDTH / HEIGHT:.2f} "
            f"to {MAX_WIDTH / HEIGHT:.0f} times as wide as high; cut it into pages"
        )
    return HEIGHT, width


def see(page: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The page as the network sees it.

    Args:
        page: (height, width) uint8, 0 black.

    Returns:
        (393, columns) float32, 0 paper and 1 ink: each pixel the mean over the area it covers.
    """
    rows, columns = seen_shape(*page.shape)
    ink: NDArray[np.float32] = np.asarray(1 - page / 255, np.float32)
    return area_average(ink, rows, columns)


@dataclass(frozen=True)
class Marked:
    """What a mask marks, in its own pixels (row and column of a pixel are integers).

    Attributes:
        row, column: centre of mass of the marked pixels.
        pixels: how many there are.
        probability: their mean; below ``THRESHOLD`` where nothing is marked.
    """

    row: float
    column: float
    pixels: int
    probability: float


def marked(mask: NDArray[np.float32]) -> Marked:
    """What is marked in ``mask``, (rows, columns) float32 probabilities; where nothing is, the likeliest pixel."""
    pixels = np.flatnonzero(mask >= THRESHOLD)
    if not len(pixels):
        pixels = np.array([mask.argmax()])
    rows, columns = np.divmod(pixels, mask.shape[1])
    return Marked(float(rows.mean()), float(columns.mean()), len(pixels), float(mask.reshape(-1)[pixels].mean()))


@dataclass(frozen=True)
class Box:
    """A box on the page, by its centre and size in page pixels."""

    x_px: float
    y_px: float
    w_px: float
    h_px: float


def box_on_page(found: Marked, page_shape: tuple[int, ...]) -> Box:
    """Where on a page of ``page_shape`` (height, width) is what was marked.

    The box is as wide as the network was trained to mark; its height is what then explains the number of pixels, which
    a stray pixel far away does not change.
    """
    rows, columns = seen_shape(*page_shape[:2])
    x_scale, y_scale = page_shape[1] / columns, page_shape[0] / rows
    return Box(
        x_px=(found.column + 0.5) * x_scale,
        y_px=(found.row + 0.5) * y_scale,
        w_px=BOX_WIDTH * x_scale,
        h_px=min(found.pixels / BOX_WIDTH, rows) * y_scale,
    )
