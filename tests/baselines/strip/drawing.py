"""Pages drawn for tests: lines of any thickness at any fraction of a pixel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FINE_X, FINE_Y = 2, 10
"""Pages are drawn this many times as wide and as high, and made smaller."""


class Drawing:
    """A page of (height, width); coordinates are continuous, in its pixels."""

    def __init__(self, height: int = 1181, width: int = 835) -> None:
        self._fine = np.zeros((height * FINE_Y, width * FINE_X), np.uint8)
        self._shape = (height, width)

    def box(self, left: float, top: float, right: float, bottom: float) -> None:
        """A black rectangle."""
        x0, x1 = round(FINE_X * left), round(FINE_X * right)
        y0, y1 = round(FINE_Y * top), round(FINE_Y * bottom)
        self._fine[max(y0, 0) : max(y1, y0 + 1), max(x0, 0) : max(x1, x0 + 1)] = 255

    def staff(self, left: float, right: float, top: float, interline: float = 7.0, lines: int = 5) -> None:
        """Lines; ``top`` is the middle of the first."""
        half = interline / 20
        for k in range(lines):
            self.box(left, top + k * interline - half, right, top + k * interline + half)

    def system(
        self,
        left: float,
        right: float,
        tops: Sequence[float],
        interline: float = 7.0,
        bars: int = 4,
        through: bool = True,
    ) -> None:
        """Staves with a line before them and bar lines, which lead ``through`` from staff to staff or do not."""
        for top in tops:
            self.staff(left, right, top)
        bottom = tops[-1] + 28
        if len(tops) > 1:
            self.box(left, tops[0], left + 1.5, bottom)
        for x in np.linspace(left, right, 5)[1:] - 1.5:
            for top in [tops[0]] if through else tops:
                self.box(x, top, x + 1.5, bottom if through else top + 28)

    def notes(self, seed: int, left: float, right: float, top: float, interline: float = 7.0, count: int = 25) -> None:
        """Heads with stems on a staff and around it, with ledger lines, half of them under a beam."""
        random = np.random.default_rng(seed)
        for x in np.linspace(left + 60, right - 15, count):
            place = int(random.integers(-6, 15))  # half distances below the top line
            y = top + place * interline / 2
            self.box(x - 0.6 * interline, y - 0.4 * interline, x + 0.6 * interline, y + 0.4 * interline)
            self.box(x + 0.5 * interline, y - 3.5 * interline, x + 0.6 * interline, y)
            for k in [*range(-1, place // 2 - 1, -1), *range(5, place // 2 + 1)]:
                ledger = top + k * interline
                self.box(x - 0.9 * interline, ledger - 0.4, x + 0.9 * interline, ledger + 0.4)
            if random.random() < 0.5:
                self.box(x, y - 3.5 * interline, x + 2 * interline, y - 3 * interline)

    @property
    def page(self) -> NDArray[np.uint8]:
        """(height, width) uint8, 0 black."""
        height, width = self._shape
        ink = self._fine.reshape(height, FINE_Y, width, FINE_X).mean(axis=(1, 3))
        return (255 - np.round(ink)).astype(np.uint8)


def turned(page: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """``page`` turned counter-clockwise around its middle."""
    return np.asarray(Image.fromarray(page).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255))


def turned_places(
    x: NDArray[np.float64], y: NDArray[np.float64], shape: tuple[int, ...], degrees: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where places (x, y) of a page of ``shape`` are after it was turned."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    dx, dy = x - shape[1] / 2, y - shape[0] / 2
    return shape[1] / 2 + cos * dx + sin * dy, shape[0] / 2 - sin * dx + cos * dy
