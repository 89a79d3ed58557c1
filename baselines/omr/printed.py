"""What was read as the printed notes that on-line time warping is told: with a time of the score's own."""

from collections.abc import Sequence

import pandas as pd

from scorebench.omr import Reading
from scorebench.omr_playing import playing_order, repeated, sounding
from scorebench.score import PRINTED_COLUMNS, as_table

PRINTED_TEMPO = 60.0
"""Quarters a minute of the score's own time; what is played at which tempo is up to the tracker."""
_SAME_ONSET = 3
"""Onsets that agree to so many decimals of a quarter are one score position."""


def printed(readings: Sequence[Reading], with_repeats: bool = False) -> pd.DataFrame:
    """The notes that sound, pages one after another, as ``PRINTED_COLUMNS``; empty where none was read.

    Args:
        readings: one a page.
        with_repeats: what is to be repeated comes twice.
    """
    rows, system, onset = [], 0, 0.0
    for page, reading in enumerate(readings):
        notes, measures = sounding(reading), reading.measures
        if with_repeats:
            measures = measures.iloc[playing_order(measures)]
            notes = repeated(notes, measures)
        rows.append(
            notes.assign(page=page, system=notes["system"] + system, onset_quarters=notes["onset_quarters"] + onset)
        )
        system += len(reading.systems)
        onset += float(measures["duration_quarters"].sum())
    notes = pd.concat(rows, ignore_index=True)
    quarter_s = 60.0 / PRINTED_TEMPO
    times = {
        "score_onset_s": notes["onset_quarters"] * quarter_s,
        "score_duration_s": notes["duration_quarters"] * quarter_s,
    }
    position = notes["onset_quarters"].round(_SAME_ONSET).rank(method="dense").astype("int64") - 1
    names = [f"n{number}" for number in range(len(notes))]
    return as_table(notes.assign(note_id=names, position=position, **times), PRINTED_COLUMNS, "reading")
