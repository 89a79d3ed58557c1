"""Where the staves of a page are: their lines, and how far these are apart.

Staff lines are what is dark over long stretches: the page is cut into upright slabs, and the median of each row of a
slab shows lines and little else. A comb of five teeth finds the staves in that.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

SLABS = 24
_STEEPEST = 0.05
"""Slope of a page that is still set straight: about 3 degrees."""

_FAINTEST = 0.12
"""Of a comb's answer, between 0 (no lines) and 1 (black lines on white)."""


_CLEAR = 0.5
"""From here on more says nothing: beams are blacker than thin lines, but shorter."""


@dataclass(frozen=True)
class Staff:
    """Five lines.

    Attributes:
        middle: y of the third line, in pixels (0 is the upper edge of the first row).
        interline: pixels from line to line.
        left, right: where the lines begin and end.
    """

    middle: float
    interline: float
    left: float
    right: float

    @property
    def top(self) -> float:
        """y of the first line."""
        return self.middle - 2 * self.interline

    @property
    def bottom(self) -> float:
        """y of the fifth line."""
        return self.middle + 2 * self.interline


def slabs(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) ink to (SLABS, h): the median of each row over each slab's columns."""
    edges = np.linspace(0, ink.shape[1], SLABS + 1).astype(int)
    return np.stack([np.median(ink[:, a:b], axis=1) for a, b in pairwise(edges)])


def find_interline(rows: NDArray[np.float32]) -> float | None:
    """Distance of staff lines in pixels from ``slabs``; None where there is nothing periodic."""
    height = rows.shape[1]
    longest = min(120, max(24, height // 24), height // 8)
    high = rows - uniform_filter1d(rows, 2 * longest + 1, axis=1)
    size = 1 << (2 * height - 1).bit_length()
    power = (np.abs(np.fft.rfft(high, size, axis=1)) ** 2).sum(axis=0)
    like = np.fft.irfft(power, size)[: 5 * longest]
    if longest < 5 or like[0] <= 1e-6:
        return None
    peaks = [lag for lag in range(4, longest) if like[lag] > 0 and like[lag] >= max(like[lag - 1], like[lag + 1])]
    fits = {at: _fit(rows, at) for lag in peaks for at in [_period(like, lag)]}
    return max(fits, key=fits.__getitem__) if max(fits.values(), default=0.0) > 0 else None


def _period(like: NDArray[np.floating], lag: int) -> float:
    """A peak of an autocorrelation at ``lag``, made more exact by that at its fourth multiple."""
    at = refined(like, lag)
    fourth = max(range(round(4 * at) - 2, round(4 * at) + 3), key=lambda other: like[other])
    is_peak = like[fourth] > max(like[fourth - 1], like[fourth + 1])
    return refined(like, fourth) / 4 if is_peak else at


def _fit(rows: NDArray[np.float32], interline: float) -> float:
    """How many rows, over how much of the page and how clearly, are the middle of five lines so far apart."""
    clear = np.clip(comb(rows, interline) - _FAINTEST, 0, _CLEAR)
    return float((clear.mean(axis=0) ** 2).sum())


def refined(values: NDArray[np.floating], at: int) -> float:
    """Place of a peak between samples, by the parabola through three of them."""
    a, b, c = (float(values[min(max(at + d, 0), len(values) - 1)]) for d in (-1, 0, 1))
    bend = a - 2 * b + c
    return at + (0.5 * (a - c) / bend if bend < 0 else 0.0)


def _at(values: NDArray[np.floating], place: float) -> float:
    low = int(place)
    share = place - low
    return float((1 - share) * values[low] + share * values[low + 1])


def comb(rows: NDArray[np.float32], interline: float) -> NDArray[np.float32]:
    """(..., h): how much each row is the middle of five lines, from -1 to 1."""
    height = rows.shape[-1]
    at = np.arange(height)

    def shifted(of: NDArray[np.float32], offset: float) -> NDArray[np.float32]:
        where = np.clip(at + offset, 0, height - 1.001)
        low = where.astype(int)
        share = (where - low).astype(np.float32)
        taken: NDArray[np.float32] = (1 - share) * of[..., low] + share * of[..., low + 1]
        return taken

    lines = rows + (np.roll(rows, 1, -1) + np.roll(rows, -1, -1)) / np.float32(
        2
    )  # a thin line may lie between two rows
    teeth = np.sort(np.stack([shifted(lines, k * interline) for k in range(-2, 3)]), axis=0)
    gaps = np.stack([shifted(rows, (k + 0.5) * interline) for k in range(-2, 2)]).mean(axis=0)
    beyond = np.maximum(shifted(rows, -3 * interline), shifted(rows, 3 * interline))
    answer: NDArray[np.float32] = teeth[:3].mean(axis=0) - gaps - 0.3 * beyond
    return answer


def slope(combs: NDArray[np.float32], width: int) -> float:
    """Pixels that staves fall a pixel to the right, from the combs of the slabs (SLABS, h)."""
    positive = np.maximum(combs, 0)
    at = np.arange(combs.shape[1])
    middles = (np.arange(SLABS) + 0.5) * width / SLABS - width / 2

    def sharpness(tilt: float) -> float:
        moved = [np.interp(at + tilt * x, at, row) for x, row in zip(middles, positive, strict=True)]
        return float((np.mean(moved, axis=0) ** 2).sum())

    coarse = max(np.linspace(-_STEEPEST, _STEEPEST, 81), key=sharpness)
    return float(max(np.linspace(coarse - 0.00125, coarse + 0.00125, 11), key=sharpness))


def find_staves(ink: NDArray[np.float32], rows: NDArray[np.float32], interline: float) -> list[Staff]:
    """The staves of a page that is straight, from top to bottom.

    Args:
        ink: (h, w), 0 paper to 1 ink.
        rows: its ``slabs``.
    """
    each = np.maximum(comb(rows, interline), 0)
    ranked = np.sort(each, axis=0)
    answer = (ranked[SLABS // 3 :].mean(axis=0) + ranked[-(SLABS // 4) :].mean(axis=0)) / 2  # the last may be short
    strongest = float(answer.max(initial=0))
    found: list[Staff] = []
    for at in np.argsort(-answer, kind="stable"):
        if answer[at] < max(_FAINTEST, 0.2 * strongest):
            break
        if all(abs(at - other.middle) > 3.5 * interline for other in found):
            staff = _staff(ink, answer, int(at), interline)
            if all(abs(staff.middle - other.middle) > 5.5 * interline for other in found):
                found.append(staff)
    wide = [staff for staff in found if staff.right - staff.left > 8 * interline]
    return sorted(wide, key=lambda staff: staff.middle)


def _staff(ink: NDArray[np.float32], answer: NDArray[np.float32], at: int, interline: float) -> Staff:
    middle = _middle(ink, _on_its_lines(ink, refined(answer, at) + 0.5, interline), interline)
    left, right = _ends(ink, middle, interline)
    return Staff(middle, interline, left, right)


def _on_its_lines(ink: NDArray[np.float32], about: float, interline: float) -> float:
    """``about``, or some lines above or below, where ledger lines were taken for lines of the staff."""
    typical = _typical(ink, about, interline, 15)  # beams cover many columns, lines nearly all

    def strength(line: int) -> float:
        row = int(about + line * interline)
        return float(typical[max(0, row - 1) : row + 2].max(initial=0))

    lines = {k: strength(k) for k in range(-6, 7)}
    fits = {s: sum(lines[s + k] for k in range(-2, 3)) - lines[s - 3] - lines[s + 3] for s in (0, -1, 1, -2, 2, -3, 3)}
    return about + max(fits, key=fits.__getitem__) * interline


def _middle(ink: NDArray[np.float32], about: float, interline: float) -> float:
    """y of the third line, from the mass of all five."""
    columns = _typical(ink, about, interline, 50)
    offsets = []
    for k in range(-2, 3):
        line = about + k * interline
        low, high = max(0, int(np.floor(line - 0.4 * interline))), int(np.ceil(line + 0.4 * interline))
        part = columns[low:high] - columns[low:high].min(initial=1)
        if part.sum() > 0:
            offsets.append(float((part * (np.arange(low, low + len(part)) + 0.5)).sum() / part.sum()) - k * interline)
    return float(np.median(offsets)) if offsets else about


def _typical(ink: NDArray[np.float32], about: float, interline: float, percentile: float) -> NDArray[np.float32]:
    """A percentile of each row, over the columns where the lines of a staff are."""
    low, high = max(0, int(about - 2 * interline)), min(len(ink), int(about + 2 * interline) + 1)
    dark = ink[low:high].mean(axis=0)
    kept = ink[:, dark > np.percentile(dark, 90) * 0.25]
    typical: NDArray[np.float32] = np.percentile(kept, percentile, axis=1)
    return typical


def _ends(ink: NDArray[np.float32], middle: float, interline: float) -> tuple[float, float]:
    """First and last column of the lines: where at least four of five are dark."""
    height = ink.shape[0]
    lines = []
    for k in range(-2, 3):
        at = int(middle + k * interline)
        low = min(max(at - 1, 0), height - 1)
        lines.append(ink[low : min(at + 2, height)].max(axis=0, initial=0))
    strength = np.sort(np.stack(lines), axis=0)[1]
    dark = strength > 0.5 * max(float(np.median(strength[strength > 0.1])) if (strength > 0.1).any() else 1.0, 0.1)
    reach = max(3, int(2 * interline))
    steady = uniform_filter1d(dark.astype(np.float32), reach, mode="constant") > 0.7
    if not steady.any():
        return 0.0, 0.0
    begin, end = _longest(steady, int(6 * interline))
    left, right = min(begin + reach, end - 1), max(end - reach, begin)
    while left > 0 and dark[left - 1]:  # a brace stands a little apart
        left -= 1
    while right < len(dark) - 1 and dark[right + 1 : right + 3].any():
        right += 1
    return float(left), float(right + 1)


def _longest(steady: NDArray[np.bool_], bridge: int) -> tuple[int, int]:
    """The longest stretch of True, gaps of up to ``bridge`` counted in."""
    at = np.nonzero(steady)[0]
    breaks = np.nonzero(np.diff(at) > bridge)[0]
    begins, ends = np.r_[at[0], at[breaks + 1]], np.r_[at[breaks], at[-1]] + 1
    best = int(np.argmax(ends - begins))
    return int(begins[best]), int(ends[best])
