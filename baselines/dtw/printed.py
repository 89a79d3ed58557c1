"""From the printed notes to what on-line warping needs: a sound of the score, and places on the page in its time."""

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.errors import DataError
from scorebench.timebase import SAMPLE_RATE

LEAD_IN_S = 0.1
"""Silence before the first note of the reference: something to wait in."""
VELOCITY = 64
"""Every note of the reference is struck alike; the features forget loudness."""
SHORTEST_S = 0.05
"""Notes are rendered at least this long."""
BOX_W_PX = 30.0
"""Width of the answered box, as the boxes of Henkel & Widmer (2021)."""
LEAST_H_PX = 30.0
"""Height of the box where the noteheads of a system span less."""


@dataclass(frozen=True)
class Places:
    """Where the score positions stand, in playing order. All arrays are (positions,).

    Attributes:
        onset_s: float64, seconds in the reference sound, not decreasing.
        x_px, y_px, h_px: float64, mean of the noteheads; centre and height of their system.
        page: int64.
    """

    onset_s: NDArray[np.float64]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    h_px: NDArray[np.float64]
    page: NDArray[np.int64]


def timed(notes: pd.DataFrame) -> pd.DataFrame:
    """``notes`` (``PRINTED_COLUMNS``) with a known time, the first ``LEAD_IN_S`` after 0, and something to play.

    Raises:
        DataError: none is left.
    """
    known = notes[notes["score_onset_s"].notna() & notes["x_px"].notna()].copy()
    if known.empty:
        raise DataError(
            f"score-dtw needs notes to follow: of {len(notes)} given notes none has both a score time and a place; "
            "leave this page out, or build its dataset again"
        )
    known["onset_s"] = known["score_onset_s"] - known["score_onset_s"].min() + LEAD_IN_S
    known["duration_s"] = known["score_duration_s"].fillna(0.0).clip(lower=SHORTEST_S)
    known["velocity"] = VELOCITY
    return known


def places(notes: pd.DataFrame, page_heights_px: tuple[int, ...]) -> Places:
    """One place a score position of ``notes``, as ``timed`` gives them."""
    boxes = _system_boxes(notes, page_heights_px)
    rows = notes.groupby("position", sort=True).agg(
        onset_s=("onset_s", "min"), x_px=("x_px", "mean"), system=("system", "first"), page=("page", "first")
    )
    rows = rows.sort_values("onset_s", kind="stable").join(boxes, on="system")
    onset_s, x_px, y_px, h_px = rows[["onset_s", "x_px", "y_px", "h_px"]].to_numpy(np.float64).T
    return Places(onset_s, x_px, y_px, h_px, rows["page"].to_numpy(np.int64))


def _system_boxes(notes: pd.DataFrame, page_heights_px: tuple[int, ...]) -> pd.DataFrame:
    """y_px and h_px by system: from the highest notehead to the lowest.

    Where no notehead's height is known, the systems of a page are taken to share it evenly.
    """
    boxes = notes.groupby("system").agg(page=("page", "first"), top=("y_px", "min"), bottom=("y_px", "max"))
    rank = boxes.groupby("page").cumcount()
    share = boxes["page"].map(dict(enumerate(page_heights_px))) / boxes.groupby("page")["top"].transform("size")
    boxes["y_px"] = ((boxes["top"] + boxes["bottom"]) / 2).fillna(share * (rank + 0.5))
    boxes["h_px"] = (boxes["bottom"] - boxes["top"]).clip(lower=LEAST_H_PX).fillna(LEAST_H_PX)
    return boxes[["y_px", "h_px"]]


def reference(notes: pd.DataFrame) -> NDArray[np.float32]:
    """Features (frames, dimensions) float32 of ``notes`` played on the default piano; kept for pages seen again.

    Raises:
        MissingDependencyError: no synthesiser or no soundfont.
    """
    table = notes[["onset_s", "duration_s", "pitch", "velocity"]].to_numpy(np.float64)
    return _reference(table.tobytes())


@functools.lru_cache(maxsize=64)
def _reference(table: bytes) -> NDArray[np.float32]:
    from baselines.dtw.features import HOP_SAMPLES, features
    from scorebench.synth import render

    rows = np.frombuffer(table, np.float64).reshape(-1, 4)
    notes = pd.DataFrame(rows, columns=["onset_s", "duration_s", "pitch", "velocity"])
    found = features(render(notes.astype({"pitch": "int64", "velocity": "int64"}), "piano"))
    first_complete = int(LEAD_IN_S * SAMPLE_RATE) // HOP_SAMPLES
    if len(found) <= first_complete:
        raise DataError("score-dtw: the rendered score is shorter than its lead-in; the soundfont plays nothing")
    found.flags.writeable = False
    return found
