"""The protocol ``cyolo-2021``: bit-compatible with the evaluation of Henkel & Widmer (2021).

Time is counted in frames, the truth is truncated to whole pixels of the padded page, and all notes whose
onsets fall into one frame are one onset. The systems of a page are laid end to end into one long line; a
predicted point is put on the system nearest to it, and the onset nearest to it on the line gives its time.

A page that visits a system twice breaks this: the line holds both visits at one place (see ``strict``).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.timebase import FRAMES_PER_SECOND

NAME = "cyolo-2021"
VERSION = 1
THRESHOLDS_FRAMES = (1, 2, 10, 20, 100)
"""Table II's thresholds of 0.05 to 5.00 s, in frames."""


@dataclass(frozen=True)
class MergedOnsets:
    """The onset frames of a piece: all notes of one frame are one onset. Arrays are (onsets,).

    Attributes:
        frame: int64, strictly increasing.
        page: int64, the page of most of the frame's notes.
        x_px, y_px: float64, in pixels of the page as it is.
    """

    frame: NDArray[np.int64]
    page: NDArray[np.int64]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]


@dataclass(frozen=True)
class LineMap:
    """One page's systems laid end to end, and the onset frames along that line.

    Attributes:
        pad_px: white added on the left to make the page a square.
        staff_y: (systems,) float64, sorted.
        offset: (systems,) float64, where each system begins on the line.
        bounds: (onsets - 1,) float64, borders between neighbouring onsets on the line.
        frames: (onsets,) int64, onset frames in the order of the line.
        ends: line positions of the leftmost and rightmost onset.
        first, last: what is answered left and right of them: the page's first and last onset in time.
    """

    pad_px: int
    staff_y: NDArray[np.float64]
    offset: NDArray[np.float64]
    bounds: NDArray[np.float64]
    frames: NDArray[np.int64]
    ends: tuple[float, float]
    first: int
    last: int

    def frame_at(self, x_px: NDArray[np.float32], y_px: NDArray[np.float32]) -> NDArray[np.int64]:
        """Onset frame nearest to each point (padded pixels, (points,)) on the line."""
        staff = np.searchsorted((self.staff_y[1:] + self.staff_y[:-1]) / 2, y_px.astype(np.float64), side="left")
        line = (x_px + self.offset[staff].astype(np.float32)).astype(np.float64)
        found = self.frames[np.searchsorted(self.bounds, line, side="left")]
        found = np.where(line < self.ends[0], self.first, found)
        return np.where(line > self.ends[1], self.last, found)


def pad_left(height: int, width: int) -> int:
    """White columns the authors add on the left of a page of this size."""
    return abs(height - width) // 2


def _most_common(values: NDArray[np.int64]) -> int:
    """The most frequent value; the one seen first among equals."""
    unique, first, count = np.unique(values, return_index=True, return_counts=True)
    best = count == count.max()
    return int(unique[best][np.argmin(first[best])])


def merge_onsets(notes: pd.DataFrame, systems: pd.DataFrame) -> MergedOnsets:
    """One onset a frame that any note of ``notes`` (``NOTE_COLUMNS``) falls into.

    Args:
        systems: ``SYSTEM_COLUMNS`` of the whole piece.
    """
    played = notes[notes["onset_s"].notna()]
    frames = (played["onset_s"].to_numpy() * FRAMES_PER_SECOND).astype(np.int64)
    system, page = played["system"].to_numpy(), played["page"].to_numpy()
    x = played["x_px"].to_numpy(np.float64)
    centre_y = systems.set_index("system")["y_px"]
    order = np.argsort(frames, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(frames[order]) > 0]) if len(order) else np.array([], int)
    rows = []
    for group in np.split(order, starts[1:]) if len(order) else []:
        on = _most_common(system[group])
        inside = group[system[group] == on]
        rows.append((frames[group[0]], _most_common(page[group]), np.mean(x[inside]), centre_y[on]))
    frame, pages, xs, ys = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return MergedOnsets(frame.astype(np.int64), pages.astype(np.int64), xs, ys)


def line_map(onsets: MergedOnsets, page: int, pad_px: int) -> LineMap:
    """Lay the systems of ``page`` end to end. The page must have an onset."""
    here = onsets.page == page
    frame, x, y = onsets.frame[here], onsets.x_px[here] + pad_px, onsets.y_px[here]
    staff_y, staff = np.unique(y, return_inverse=True)
    longest = np.zeros(len(staff_y))
    np.maximum.at(longest, staff, x)
    offset = np.r_[0, np.cumsum(longest)[:-1]]
    line = x + offset[staff]
    order = np.argsort(line, kind="stable")
    line = line[order]
    return LineMap(
        pad_px=pad_px,
        staff_y=staff_y,
        offset=offset,
        bounds=line[1:] / 2 + line[:-1] / 2,
        frames=frame[order],
        ends=(float(line[0]), float(line[-1])),
        first=int(frame[0]),
        last=int(frame[-1]),
    )


def held(onsets: MergedOnsets, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the onset that holds at each of ``frames``: the previous one, or the first."""
    return np.maximum(np.searchsorted(onsets.frame, frames, side="right") - 1, 0)


def errors_frames(
    onsets: MergedOnsets,
    line: LineMap,
    frames: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Absolute error of each answer, in frames.

    Args:
        onsets: of the whole piece; ``line`` of the page the answers are on.
        frames: (answers,) frames of the piece's recording.
        x_px, y_px: (answers,) in pixels of the page as it is; NaN means no answer.

    Returns:
        (answers,) float64, infinite where there is no answer.
    """
    now = held(onsets, frames)
    truth_x, truth_y = np.trunc(onsets.x_px[now] + line.pad_px), np.trunc(onsets.y_px[now])
    truth = line.frame_at(truth_x.astype(np.float32), truth_y.astype(np.float32))
    answered = np.isfinite(x_px) & np.isfinite(y_px)
    x = (np.where(answered, x_px, 0.0) + line.pad_px).astype(np.float32)
    said = line.frame_at(x, np.where(answered, y_px, 0.0).astype(np.float32))
    return np.where(answered, np.abs(said - truth).astype(np.float64), np.inf)
