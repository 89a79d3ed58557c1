"""A page picture as the network sees it: padded to a square, ink 1, averaged down to 416 x 416."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorebench.area import area_average
from scorebench.errors import DataError
from scorebench.protocol.cyolo2021 import pad_left

SIZE_PX = 416
"""Height and width of the network's input."""

LARGEST_PX = 16_000
"""Height and width of the largest page: padded to a square it takes 1 GB."""


@dataclass(frozen=True)
class Scale:
    """How pixels of a page and of the network's input relate.

    Attributes:
        pad_left_px, pad_top_px: white added left of the page, and above it where it is wider than high.
        factor: page pixels in one pixel of the input.
        width_px, height_px: of the page.
    """

    pad_left_px: int
    pad_top_px: int
    factor: float
    width_px: int
    height_px: int

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        """A point of the input in pixels of the page, moved onto the page where it lies beside it."""
        page_x, page_y = x * self.factor - self.pad_left_px, y * self.factor - self.pad_top_px
        return min(max(page_x, 0.0), float(self.width_px)), min(max(page_y, 0.0), float(self.height_px))


def scale_of(height_px: int, width_px: int) -> Scale:
    """The scale of a page of this size."""
    side = max(height_px, width_px)
    left = pad_left(height_px, width_px) if height_px > width_px else 0
    top = pad_left(height_px, width_px) if width_px > height_px else 0
    return Scale(left, top, side / SIZE_PX, width_px, height_px)


def network_input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The page as the network sees it.

    Args:
        image: (height, width) uint8, 0 black.

    Returns:
        (416, 416) float32, 1 is ink.

    Raises:
        DataError: the page is higher or wider than ``LARGEST_PX``.
    """
    height, width = image.shape
    scale = scale_of(height, width)
    side = max(height, width)
    if side > LARGEST_PX:
        raise DataError(
            f"a page of {width} x {height} px is too large for CYOLO: at most {LARGEST_PX} px; scale it down"
        )
    ink: NDArray[np.float32] = np.zeros((side, side), np.float32)
    rows = slice(scale.pad_top_px, scale.pad_top_px + height)
    ink[rows, scale.pad_left_px : scale.pad_left_px + width] = 1 - image.astype(np.float32) / 255
    return area_average(ink, SIZE_PX, SIZE_PX)
