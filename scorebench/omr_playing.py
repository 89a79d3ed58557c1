"""From noteheads to what sounds: ties held, grace notes before their beat."""

import numpy as np
import pandas as pd

from scorebench.omr import Reading, rows_of

GRACE_QUARTERS = 0.125
"""How long a grace note sounds, and how far before what it leads to it begins, where there is room for it."""
SLACK_QUARTERS = 1 / 16
"""The left end of a tie ends where the right end begins, but for so much: rhythms are not always read exactly."""
_SAME_X = 1 / 200
"""Grace notes nearer than this share of their system's width are one chord."""


def sounding(reading: Reading) -> pd.DataFrame:
    """The notes of ``reading`` that are struck, each as long as it and what is tied to it.

    A right end of a tie whose left end was not read is struck by nobody: it was on the page before.

    Returns:
        ``READ_COLUMNS`` without tied rows, sorted by onset. Grace notes begin before what they lead to and have a
        length; those before the first beat of the page begin below 0.
    """
    notes = _held(reading.notes)
    notes["onset_quarters"] = notes["onset_quarters"].astype("float64")
    widths = reading.systems.set_index("system")["w_px"]
    for _, graces in notes[notes["duration_quarters"] == 0].groupby(["system", "measure", "onset_quarters"]):
        _place_graces(notes, graces, float(widths[graces["system"].iloc[0]]) * _SAME_X)
    notes["duration_quarters"] = notes["duration_quarters"].where(notes["duration_quarters"] > 0, GRACE_QUARTERS)
    return notes.sort_values(["onset_quarters", "staff", "pitch"], kind="stable", ignore_index=True)


def playing_order(measures: pd.DataFrame) -> list[int]:
    """Numbers of ``measures``, those of a ``Reading``, in the order in which they are played: each repeat once.

    What is repeated begins at the last sign that says so; without one where the last repeat ended, or the page begins.
    """
    order: list[int] = []
    begin = 0
    for row in rows_of(measures):
        begin = row.measure if row.repeat_begins else begin
        order.append(row.measure)
        if row.repeat_ends:
            order += range(begin, row.measure + 1)
            begin = row.measure + 1
    return order


def repeated(notes: pd.DataFrame, visited: pd.DataFrame) -> pd.DataFrame:
    """``notes``, as ``sounding`` gives them, with those of repeated measures once for each time, at their onsets.

    Args:
        visited: the rows of the measures, in the order in which they are played.
    """
    begins = visited["duration_quarters"].cumsum().shift(fill_value=0.0)
    visits = pd.DataFrame({"measure": visited["measure"], "later_quarters": begins - visited["onset_quarters"]})
    played = visits.merge(notes, on="measure")
    played["onset_quarters"] += played.pop("later_quarters")
    return played.sort_values(["onset_quarters", "staff", "pitch"], kind="stable", ignore_index=True)


def _held(notes: pd.DataFrame) -> pd.DataFrame:
    """Rows that are struck, lengthened by their ties."""
    struck = notes[~notes["tied"]].copy()
    ends: dict[int, list[int]] = {}  # by pitch, rows in order of their onset
    for row in rows_of(notes):
        if not row.tied:
            ends.setdefault(row.pitch, []).append(row.Index)
            continue
        begun = [at for at in ends.get(row.pitch, []) if struck["duration_quarters"][at] > 0]
        gaps = [abs(struck["onset_quarters"][a] + struck["duration_quarters"][a] - row.onset_quarters) for a in begun]
        if gaps and min(gaps) <= SLACK_QUARTERS:
            at = begun[int(np.argmin(gaps))]
            length = row.onset_quarters + row.duration_quarters - struck["onset_quarters"][at]
            struck.loc[at, "duration_quarters"] = length
    return struck


def _place_graces(notes: pd.DataFrame, graces: pd.DataFrame, near_px: float) -> None:
    """Move ``graces``, rows of ``notes`` that lead to one onset, before it, in the order of their x."""
    onset = float(graces["onset_quarters"].iloc[0])
    ordered = graces.sort_values("x_px", kind="stable")
    step = (ordered["x_px"].diff().fillna(0.0) > near_px).cumsum()
    count = int(step.iloc[-1]) + 1
    earlier = notes.loc[notes["onset_quarters"] < onset - 1e-9, "onset_quarters"]
    room = (onset - float(earlier.max())) / (count + 1) if len(earlier) else GRACE_QUARTERS
    each = min(GRACE_QUARTERS, room)
    notes.loc[ordered.index, "onset_quarters"] = onset - (count - step) * each
