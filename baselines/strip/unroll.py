"""The unrolled score: the systems of one page side by side, in reading order, as one image 160 px high.

Places on the page and along the strip are related by one scale and one offset a system. Coordinates are continuous:
pixel ``i`` reaches from ``i`` to ``i + 1``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from scorebench.errors import DataError
from scorebench.score import SYSTEM_COLUMNS, as_table

HEIGHT_PX = 160
"""Rows of a strip (Dorfer, Henkel & Widmer, TISMIR 2019: excerpts of 160 x 512)."""
PAGE_WIDTH_PX = 835
"""A strip has the resolution of a page of that width, whatever the size of the page."""
MARGIN_PX = 8
"""Of the page that is seen left and right of a system, in pixels of the strip."""

_WHITE = 255
_SIDEWAYS = 1e-3
"""What a pixel beside a system counts for, against one above it: decides between systems side by side alone."""


class OnPage(NamedTuple):
    """Places on the page that belong to places along the strip. All arrays have the same shape.

    Attributes:
        x_px: float64, page pixels.
        y_px: float64, centre of the system.
        h_px: float64, height of the system's box, page pixels.
        system: int64, which system, counted along the strip from 0.
    """

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    h_px: NDArray[np.float64]
    system: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Strip:
    """The systems of one page side by side. Arrays are (systems,), in reading order, unless said otherwise.

    Attributes:
        image: (160, W) uint8, 0 black, 255 white.
        begins: (systems + 1,) int64, first column of each system; the last is W.
        scale: pixels of the strip for one of the page.
        from_px: page x of the first column.
        y_px, h_px: centre and height of each system's box on the page.
        left_px, right_px: its left and right edge.
    """

    image: NDArray[np.uint8]
    begins: NDArray[np.int64]
    scale: NDArray[np.float64]
    from_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    h_px: NDArray[np.float64]
    left_px: NDArray[np.float64]
    right_px: NDArray[np.float64]

    def from_page(self, x_px: ArrayLike, y_px: ArrayLike) -> NDArray[np.float64]:
        """Where along the strip places on the page are: on the system nearest in y, at its ends if they lie beyond.

        Args:
            x_px, y_px: page pixels, any shape.

        Returns:
            float64 of that shape: x on the strip, in its pixels.
        """
        x, y = np.broadcast_arrays(np.asarray(x_px, np.float64), np.asarray(y_px, np.float64))
        beside = np.maximum(np.maximum(self.left_px - x[..., None], x[..., None] - self.right_px), 0)
        system = np.argmin(np.abs(y[..., None] - self.y_px) + _SIDEWAYS * beside, axis=-1)
        begin, end = self.begins[system], np.nextafter(self.begins[system + 1], 0)
        along = begin + (x - self.from_px[system]) * self.scale[system]
        return np.asarray(np.clip(along, begin, end), np.float64)

    def to_page(self, strip_x: ArrayLike) -> OnPage:
        """Where on the page places along the strip are; beyond its ends, those of its ends.

        Args:
            strip_x: x on the strip, in its pixels, any shape.
        """
        x = np.clip(np.asarray(strip_x, np.float64), 0, np.nextafter(self.begins[-1], 0))
        system = np.searchsorted(self.begins, x, side="right") - 1
        on_page = self.from_px[system] + (x - self.begins[system]) / self.scale[system]
        return OnPage(on_page, self.y_px[system], self.h_px[system], np.asarray(system, np.int64))


def unroll(page: NDArray[np.uint8], systems: pd.DataFrame) -> Strip:
    """Cut the systems out of a page and put them side by side.

    A system is seen with what is above and below it, as far as half way to the next. One that is taller than the strip
    is made smaller, its columns, too.

    Args:
        page: (height, width) uint8, 0 black, 255 white, of any size.
        systems: ``SYSTEM_COLUMNS`` of this page; put side by side in the order of ``system``.

    Raises:
        DataError: the page is empty, there is no system, or one has no extent or lies outside of the page.
    """
    if page.ndim != 2 or not page.size:
        raise DataError(f"a page of shape {page.shape} cannot be unrolled: it must be (height, width), and not empty")
    boxes = as_table(systems, SYSTEM_COLUMNS, "systems to unroll").sort_values("system", kind="stable")
    left, top, right, bottom = edges = _edges(boxes, page.shape)
    scale = np.minimum(PAGE_WIDTH_PX / page.shape[1], HEIGHT_PX / (bottom - top))
    from_px = np.maximum(np.floor(left - MARGIN_PX / scale), 0)
    columns = _columns(from_px, np.minimum(right + MARGIN_PX / scale, page.shape[1]), scale)
    return Strip(
        image=_side_by_side(page, edges, from_px, columns, scale),
        begins=np.concatenate([[0], np.cumsum(columns)]),
        scale=scale,
        from_px=from_px,
        y_px=np.clip(boxes["y_px"].to_numpy(), 0, page.shape[0]),
        h_px=boxes["h_px"].to_numpy(),
        left_px=left,
        right_px=right,
    )


_Edges = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _edges(boxes: pd.DataFrame, shape: tuple[int, ...]) -> _Edges:
    """Left, top, right and bottom of each box, as far as it is on the page."""
    if not len(boxes):
        raise DataError("no system on this page: there is nothing to unroll")
    x, y, w, h = (boxes[name].to_numpy() for name in ("x_px", "y_px", "w_px", "h_px"))
    left, right = np.maximum(x - w / 2, 0), np.minimum(x + w / 2, shape[1])
    top, bottom = np.maximum(y - h / 2, 0), np.minimum(y + h / 2, shape[0])
    good = (w > 0) & (h > 0) & (left < right) & (top < bottom)  # not a number is not good either
    if not good.all():
        bad = boxes.iloc[int(np.argmin(good))]
        raise DataError(
            f"system {bad['system']:.0f} is a box of {bad['w_px']:g} x {bad['h_px']:g} px around ({bad['x_px']:g}, "
            f"{bad['y_px']:g}) on a page of {shape[1]} x {shape[0]} px: nothing of it can be seen"
        )
    return left, top, right, bottom


def _columns(from_px: NDArray[np.float64], to_px: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many columns each system has on the strip: whole ones, so that none is beyond the page."""
    columns = np.floor((to_px - from_px) * scale + 1e-9).astype(np.int64)
    if (columns < 1).any():
        raise DataError("a system is so high and narrow that nothing of it is left at a height of 160 px")
    return columns


def _side_by_side(
    page: NDArray[np.uint8],
    edges: _Edges,
    from_px: NDArray[np.float64],
    columns: NDArray[np.int64],
    scale: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """(160, W) the pictures of all systems."""
    least, most = _territory(edges, page.shape[0])
    middle = (edges[1] + edges[3]) / 2
    pictures = [
        _seen(page, from_px[i], columns[i], middle[i], (least[i], most[i]), float(scale[i])) for i in range(len(scale))
    ]
    return np.concatenate(pictures, axis=1)


def _territory(edges: _Edges, page_height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last y of the page that belong to each system: half way to the systems above and below it."""
    left, top, right, bottom = edges
    middle = (top + bottom) / 2
    shares_columns = (left[:, None] < right) & (left < right[:, None])
    half_way = (bottom + top[:, None]) / 2  # [i, j]: where the system i below j begins
    above = shares_columns & (middle < middle[:, None])
    least = np.where(above, half_way, 0).max(axis=1)
    most = np.where(above.T, half_way.T, page_height).min(axis=1)
    return least, most


def _seen(
    page: NDArray[np.uint8],
    from_px: float,
    columns: int,
    middle: float,
    territory: tuple[float, float],
    scale: float,
) -> NDArray[np.uint8]:
    """(160, columns) one system, with white for what is not its own.

    It begins at a whole pixel of the page, so that a page of the usual width is copied as it is.
    """
    rows_px, columns_px = HEIGHT_PX / scale, columns / scale
    first = int(np.floor(middle - rows_px / 2 + 0.5))
    window = np.full((int(np.ceil(rows_px)), int(np.ceil(columns_px))), _WHITE, np.uint8)
    begin = max(first, int(np.ceil(min(territory[0], middle))))
    end = min(first + len(window), int(np.floor(max(territory[1], middle))))
    seen = page[begin:end, int(from_px) : int(from_px) + window.shape[1]]
    window[begin - first : end - first, : seen.shape[1]] = seen
    method = Image.Resampling.HAMMING if scale < 1 else Image.Resampling.BILINEAR
    picture = Image.fromarray(window).resize((columns, HEIGHT_PX), method, box=(0, 0, columns_px, rows_px))
    return np.asarray(picture)
