"""The protocol ``strict``: signed errors in seconds, for any page.

One onset is one score position, at its first note. A predicted point is put on the system nearest to it and on
the onset nearest to it there. A place that is played several times maps to the visit nearest in time to the
truth: a picture cannot tell which visit a tracker means, so it gets the benefit of the doubt, and the share
of onsets on revisited systems is reported beside the ratios.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NAME = "strict"
VERSION = 1

SAME_PLACE_PX = 4.0
"""Onsets of one system nearer than this to each other are one place: half the width of a notehead."""


def errors_s(
    onsets: pd.DataFrame, asked_s: NDArray[np.float64], x_px: NDArray[np.float64], y_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Signed error of each answer on one page, in seconds; positive is ahead of the music.

    Args:
        onsets: ``ONSET_COLUMNS`` of the page, by time.
        asked_s: (answers,) time of the onset that each answer is for.
        x_px, y_px: (answers,) in page pixels; NaN means no answer.

    Returns:
        (answers,) float64, NaN where there is no answer.
    """
    answered = np.isfinite(x_px) & np.isfinite(y_px)
    system = nearest_system(onsets, np.where(answered, y_px, 0.0))
    errors = np.full(len(asked_s), np.nan)
    onset_s, x = onsets["onset_s"].to_numpy(), onsets["x_px"].to_numpy()
    for on in np.unique(system[answered]):
        asked = np.flatnonzero(answered & (system == on))
        here = np.flatnonzero(onsets["system"].to_numpy() == on)
        errors[asked] = _errors_on_system(onset_s[here], x[here], asked_s[asked], x_px[asked])
    return errors


def nearest_system(onsets: pd.DataFrame, y_px: NDArray[np.float64]) -> NDArray[np.int64]:
    """The played system whose centre is nearest to each of ``y_px``; the upper one of two."""
    systems = onsets.drop_duplicates("system").sort_values("y_px")
    centres = systems["y_px"].to_numpy()
    found = np.searchsorted((centres[1:] + centres[:-1]) / 2, y_px, side="left")
    return systems["system"].to_numpy()[found]


def _errors_on_system(
    onset_s: NDArray[np.float64], x: NDArray[np.float64], asked_s: NDArray[np.float64], said_x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Errors of points on one system that holds the onsets ``onset_s`` at ``x``."""
    order = np.argsort(x, kind="stable")
    onset_s, x = onset_s[order], x[order]
    nearest = x[np.searchsorted((x[1:] + x[:-1]) / 2, said_x, side="left")]
    low = np.searchsorted(x, nearest - SAME_PLACE_PX, side="left")
    high = np.searchsorted(x, nearest + SAME_PLACE_PX, side="right")
    errors = np.full(len(asked_s), np.inf)
    for step in range(int((high - low).max(initial=0))):
        candidate = onset_s[np.minimum(low + step, high - 1)] - asked_s
        errors = np.where(np.abs(candidate) < np.abs(errors), candidate, errors)
    return errors


def revisited(onsets: pd.DataFrame) -> NDArray[np.bool_]:
    """Which onsets of one page (by time) are on a system that the music leaves and comes back to."""
    system = onsets["system"].to_numpy()
    starts = system[np.r_[True, system[1:] != system[:-1]]] if len(system) else system
    names, visits = np.unique(starts, return_counts=True)
    return np.isin(system, names[visits > 1])
