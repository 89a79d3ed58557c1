"""A picture made ready to be read: straight, at the size that the network knows, with its staves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from baselines.omr.recogniser.grouping import group
from baselines.omr.recogniser.staves import Staff, comb, find_interline, find_staves, slabs, slope
from baselines.omr.recogniser.symbols import INTERLINE_PX
from scorebench.errors import DataError

LARGEST_PX = 2600
"""Longer pictures are made smaller before anything is looked for."""

SMALLEST_PX = 64
_LONGEST_SCALED_PX = 3600
_STRAIGHT = 0.0012
"""Slope of a page that need not be turned."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A page at ``INTERLINE_PX``, and the way back.

    Attributes:
        ink: (h, w) float32, 0 paper to 1 ink.
        systems: staves of each system, in pixels of ``ink``.
        back: (2, 3) from (x, y, 1) of ``ink`` to x and y of the picture.
    """

    ink: NDArray[np.float32]
    systems: tuple[tuple[Staff, ...], ...]
    back: NDArray[np.float64]

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of ``ink`` to those of the picture."""
        at = self.back @ (x, y, 1.0)
        return float(at[0]), float(at[1])


def prepare(page: NDArray[np.uint8]) -> Prepared | None:
    """Find staves and bring them to size; None where there are none.

    Raises:
        DataError: it is not a grey picture.
    """
    image, factor = _reduced(page)
    ink = ink_of(image)
    rows = slabs(ink)
    interline = find_interline(rows)
    if interline is None:
        return None
    tilt = slope(comb(rows, interline), ink.shape[1])
    turn = np.arctan(tilt) if abs(tilt) > _STRAIGHT else 0.0
    if turn:
        image = image.rotate(np.degrees(turn), Image.Resampling.BICUBIC, fillcolor=255)
        rows = slabs(ink_of(image))
        interline = find_interline(rows) or interline
    scaled, scale = _scaled(image, interline)
    ink = ink_of(scaled)
    staves = find_staves(ink, slabs(ink), float(INTERLINE_PX))
    if not staves:
        return None
    systems = tuple(tuple(staff for staff in own) for own in group(ink, staves))
    return Prepared(ink, systems, _way_back(image.size, turn, scale, factor))


def ink_of(image: Image.Image) -> NDArray[np.float32]:
    """0 where the paper is, 1 where the darkest ink is, whatever the light."""
    grey = np.asarray(image, np.float32)
    white, black = float(np.percentile(grey, 90)), float(np.percentile(grey, 0.5))
    ink: NDArray[np.float32] = np.clip((white - grey) / max(white - black, 48.0), 0, 1).astype(np.float32)
    return ink


def _reduced(page: NDArray[np.uint8]) -> tuple[Image.Image, float]:
    if page.ndim != 2 or page.dtype != np.uint8:
        raise DataError(f"the picture is {page.dtype} of shape {page.shape}; it must be uint8 (height, width), grey")
    if min(page.shape) < SMALLEST_PX:
        raise DataError(f"the picture is {page.shape[1]} x {page.shape[0]} pixels: too small to hold a staff")
    image, factor = Image.fromarray(page), max(page.shape) / LARGEST_PX
    if factor <= 1:
        return image, 1.0
    size = (max(1, round(page.shape[1] / factor)), max(1, round(page.shape[0] / factor)))
    return image.resize(size, Image.Resampling.BOX), page.shape[1] / size[0]


def _scaled(image: Image.Image, interline: float) -> tuple[Image.Image, float]:
    """Staff lines ``INTERLINE_PX`` apart."""
    scale = min(INTERLINE_PX / interline, _LONGEST_SCALED_PX / max(image.size))
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    box = (0.0, 0.0, size[0] / scale, size[1] / scale)  # exactly this scale, whatever the size is rounded to
    paper = Image.new("L", (int(np.ceil(box[2])) + 1, int(np.ceil(box[3])) + 1), 255)
    paper.paste(image)
    return paper.resize(size, Image.Resampling.BICUBIC, box=box), scale


def _way_back(size: tuple[int, int], turn: float, scale: float, factor: float) -> NDArray[np.float64]:
    """The picture was reduced by ``factor``, turned about its middle, and scaled."""
    middle = np.array(size) / 2
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = turned / scale
    shift = middle - turned @ middle
    return np.column_stack([matrix, shift]) * factor
