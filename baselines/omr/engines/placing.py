"""Where what a program read stands: as its score says, or else spread over the measures and systems of the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baselines.omr.engines.clefs import TENTHS_A_LINE
from baselines.omr.engines.partwise import Bar, Head, Sheet
from scorebench.errors import DataError

STAFF_TENTHS = 4 * TENTHS_A_LINE
HALF_HEAD_TENTHS = 6.5
"""From the left edge of a notehead to its centre."""
PLACED, SPREAD, GUESSED = 1.0, 0.5, 0.25
"""Confidence in notes that stand where the program says; that are spread over the systems found on the page; and that
are spread over a page on which other, or no, systems were found."""
_SIGNATURES = 0.08
"""Share of a system's width that clef and key take."""
_STAFF_DISTANCE_TENTHS = 65.0


@dataclass(frozen=True)
class Placed:
    """Places of all heads of some bars, in their order.

    Attributes:
        systems: (systems, 4) x, y, w, h of boxes around the lines, px.
        system: of each bar; ``edges`` its left and right, px.
        heads: for each bar, (heads, 2) x and y, px.
        confidence: PLACED, SPREAD or GUESSED.
    """

    systems: NDArray[np.float64]
    system: list[int]
    edges: list[tuple[float, float]]
    heads: list[NDArray[np.float64]]
    confidence: float


def lines_of(bars: Sequence[Bar]) -> list[list[Bar]]:
    """``bars`` by the system that they stand in."""
    lines: list[list[Bar]] = []
    for bar in bars:
        if bar.new_system or not lines:
            lines.append([])
        lines[-1].append(bar)
    return lines


def by_layout(sheet: Sheet, page_width_px: int) -> Placed | None:
    """Places from what the score says about its layout; None where it does not say it all.

    Needed are the width of the page, the width of every measure, and ``default-x`` of every note, as Audiveris writes
    them. The page's width in tenths and in pixels give the scale.
    """
    lines = lines_of(sheet.bars)
    width_tenths = _tenths(sheet.defaults, "page-layout/page-width")
    if not width_tenths or not _tells_places(lines):
        return None
    px = page_width_px / width_tenths
    margin_left = _tenths(sheet.defaults, "page-layout/page-margins/left-margin") or 0.0
    bottom = _tenths(sheet.defaults, "page-layout/page-margins/top-margin") or 0.0
    placed = Placed(np.empty((len(lines), 4)), [], [], [], PLACED)
    for number, line in enumerate(lines):
        layout = _system_layout(line[0])
        distance = _tenths(layout, "system-distance" if number else "top-system-distance") or 0.0
        tops = [bottom + distance + offset for offset in _staff_offsets(line[0], sheet)]
        left = at = margin_left + (_tenths(layout, "system-margins/left-margin") or 0.0)
        bottom = tops[-1] + STAFF_TENTHS
        for bar in line:
            width = bar.prints[0][0] or 0.0
            xy = [(at + (h.x_tenths or 0.0) + HALF_HEAD_TENTHS, tops[h.staff] + h.below_top_tenths) for h in bar.heads]
            placed.heads.append(np.array(xy).reshape(-1, 2) * px)
            placed.edges.append((at * px, (at + width) * px))
            placed.system.append(number)
            at += width
        placed.systems[number] = np.array([(left + at) / 2, (tops[0] + bottom) / 2, at - left, bottom - tops[0]]) * px
    return placed


def _tells_places(lines: Sequence[Sequence[Bar]]) -> bool:
    """Whether every system, every measure and every note has its place."""
    bars = [bar for line in lines for bar in line]
    return (
        all(_system_layout(line[0]) is not None for line in lines)
        and all(bar.prints.get(0, (None, None))[0] is not None for bar in bars)
        and all(head.x_tenths is not None for bar in bars for head in bar.heads)
    )


def _system_layout(bar: Bar) -> Element | None:
    printed = bar.prints.get(0, (None, None))[1]
    return None if printed is None else printed.find("system-layout")


def _tenths(element: Element | None, path: str) -> float | None:
    found = None if element is None else element.find(path)
    if found is None or not found.text:
        return None
    try:
        return float(found.text)
    except ValueError as error:
        raise DataError(f"a layout with a {path} of {found.text!r}; the program that wrote it went wrong") from error


def _staff_offsets(bar: Bar, sheet: Sheet) -> list[float]:
    """Top lines of the staves of a system below that of its first, tenths."""
    offsets = [0.0]
    for part, staves in enumerate(sheet.part_staves):
        printed = bar.prints.get(part, (None, None))[1]
        for number in range(1, staves + 1):
            if part == 0 and number == 1:
                continue
            distance = _tenths(printed, f"staff-layout[@number='{number}']/staff-distance")
            offsets.append(offsets[-1] + STAFF_TENTHS + (_STAFF_DISTANCE_TENTHS if distance is None else distance))
    return offsets


def by_spreading(sheet: Sheet, found: pd.DataFrame, page_shape: tuple[int, int]) -> Placed:
    """Notes spread evenly over their measures, measures over their systems, systems over those ``found``.

    A measure gets room for each of its onsets, and as much again for its bar line. Where as many systems were found as
    the score has, each has its own; else the measures are shared out evenly. y is the middle of the note's staff.

    Args:
        found: ``SYSTEM_COLUMNS``, boxes around the lines; empty where none was found: then the page is divided.
    """
    lines = lines_of(sheet.bars)
    confidence = SPREAD if len(found) == len(lines) else GUESSED
    if found.empty:
        boxes = _divided(len(lines), page_shape)
    else:
        boxes = found[["x_px", "y_px", "w_px", "h_px"]].to_numpy(np.float64)
        if len(boxes) != len(lines):
            lines = _shared_out(sheet.bars, len(boxes))
            boxes = boxes[: len(lines)]
    placed = Placed(boxes, [], [], [], confidence)
    for number, line in enumerate(lines):
        for bar, (left, right) in zip(line, _widths(line, boxes[number]), strict=True):
            placed.system.append(number)
            placed.edges.append((left, right))
            placed.heads.append(_spread(bar, left, right, boxes[number], sum(sheet.part_staves)))
    return placed


def _divided(count: int, page_shape: tuple[int, int]) -> NDArray[np.float64]:
    """``count`` boxes that share the page, each 60 % of its share high."""
    height, width = page_shape
    share = height / count
    return np.array([[width / 2, (n + 0.5) * share, 0.84 * width, 0.6 * share] for n in range(count)])


def _room(bar: Bar) -> int:
    return 1 + max(1, len({head.onset for head in bar.heads}))


def _shared_out(bars: Sequence[Bar], count: int) -> list[list[Bar]]:
    """``bars`` in at most ``count`` lines that hold about as much each."""
    ends = np.cumsum([_room(bar) for bar in bars])
    middles = ends - np.array([_room(bar) for bar in bars]) / 2
    line = np.minimum((middles * count / ends[-1]).astype(int), count - 1)
    return [[bars[i] for i in np.flatnonzero(line == number).tolist()] for number in sorted(set(line.tolist()))]


def _widths(line: Sequence[Bar], box: NDArray[np.float64]) -> Iterator[tuple[float, float]]:
    left, width = box[0] - box[2] / 2 + _SIGNATURES * box[2], box[2] * (1 - _SIGNATURES)
    total, at = sum(_room(bar) for bar in line), 0
    for bar in line:
        yield left + width * at / total, left + width * (at + _room(bar)) / total
        at += _room(bar)


def _spread(bar: Bar, left: float, right: float, box: NDArray[np.float64], staves: int) -> NDArray[np.float64]:
    """(heads, 2) x and y of the heads of one bar."""
    onsets = sorted({head.onset for head in bar.heads})
    step = (right - left) / (len(onsets) + 1)

    def place(head: Head) -> tuple[float, float]:
        y = box[1] - box[3] / 2 + box[3] * (head.staff + 0.5) / staves
        return left + step * (onsets.index(head.onset) + 1), y

    return np.array([place(head) for head in bar.heads]).reshape(-1, 2)
