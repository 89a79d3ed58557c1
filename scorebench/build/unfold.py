"""A score as it is played: its sections, with repeats, one after the other."""

from collections.abc import Sequence

import pandas as pd

from scorebench.errors import DataError
from scorebench.score import PRINTED_COLUMNS, as_table

EDGE_SHARE = 0.02
"""Notes this part of a bar before a bar line belong to the bar after it: grace notes, and rounding."""


def check_bars(notes: pd.DataFrame, bars: int, bar_s: float, name: str) -> None:
    """Make sure that ``notes`` are ``bars`` bars of ``bar_s`` seconds each.

    Raises:
        DataError: they last longer or shorter, or few of them begin on a bar line.
    """
    end = float((notes["score_onset_s"] + notes["score_duration_s"]).max())
    on_lines = (((notes["score_onset_s"] + 1e-6) % bar_s) < 1e-3).sum()
    if not (bars - 1) * bar_s < end <= bars * bar_s + 1e-3 or on_lines < bars / 2:
        raise DataError(f"{name}: its {end:g} s are not {bars} bars of {bar_s:g} s; correct the card")


def unfold(notes: pd.DataFrame, order: Sequence[Sequence[int]], bar_s: float) -> pd.DataFrame:
    """``notes`` (``PRINTED_COLUMNS``, played straight through) in the order in which the sections are played.

    Args:
        order: first and last bar of each section, counted from 0.
        bar_s: how long each bar lasts.

    Returns:
        ``PRINTED_COLUMNS`` in playing order, in the time of the unfolded score; a note that is played a second time
        is called NOTE@2 and has a score position of its own.
    """
    parts, begin_s, positions = [], 0.0, 0
    visits: dict[str, int] = {}
    for first, last in order:
        from_s, until_s = (first - EDGE_SHARE) * bar_s, (last + 1 - EDGE_SHARE) * bar_s
        inside = notes[(notes["score_onset_s"] >= from_s) & (notes["score_onset_s"] < until_s)].copy()
        inside["score_onset_s"] = (inside["score_onset_s"] - first * bar_s + begin_s).clip(lower=0.0)
        order_in_part = inside["position"].rank(method="dense").astype(int) - 1
        inside["position"] = order_in_part + positions
        inside["note_id"] = [_visited(note, visits) for note in inside["note_id"]]
        positions += int(order_in_part.max()) + 1 if len(inside) else 0
        begin_s += (last - first + 1) * bar_s
        parts.append(inside)
    return as_table(pd.concat(parts, ignore_index=True), PRINTED_COLUMNS, "unfolded score")


def _visited(note: str, visits: dict[str, int]) -> str:
    visits[note] = visits.get(note, 0) + 1
    return note if visits[note] == 1 else f"{note}@{visits[note]}"


def until_earlier_page(notes: pd.DataFrame) -> pd.DataFrame:
    """``notes`` up to where the music first goes back to an earlier page: a page is opened once, at its own start."""
    back = (notes["page"] < notes["page"].cummax()).to_numpy()
    return notes.iloc[: int(back.argmax())] if back.any() else notes
