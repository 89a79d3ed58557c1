"""A human performance on the pages of its score: which key stroke plays which printed note, and what is not scored.

Everything that was played sounds. An onset is scored where it is certain: a score position of which no note was
played is not; nor is one whose notes are spread over more than ``WIDEST_S``, or that comes out of the score's order
(a pianist's hands, or a wrong link in the source: both make the moment doubtful). All of them are counted.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.build.matches import Match
from scorebench.build.playorder import Played, resolve
from scorebench.errors import DataError
from scorebench.score import NOTE_COLUMNS, as_table

WIDEST_S = 0.5
"""Notes of one score position that are spread wider than this have no one moment."""

LEAD_S = 0.5
"""The first key stroke of an excerpt sounds this long after the beginning of the sound."""

PICKUP_S = 1.0
"""Key strokes without a printed note belong to the excerpt from this long before its first printed note."""

FEWEST = 0.8
"""At least this share of the score positions must be scored, or the performance is not of this score."""


@dataclass(frozen=True)
class Human:
    """One performance of one excerpt.

    Attributes:
        notes: ``NOTE_COLUMNS``, rows and order of ``Played.notes``; a note that is not scored has no time.
        sounding: onset_s, duration_s, pitch, velocity of every key stroke, right, wrong or ornament.
        counts: notes and positions that are (not) scored, by reason; key strokes without a printed note.
    """

    notes: pd.DataFrame
    sounding: pd.DataFrame
    counts: dict[str, int]


def on_page(played: Played, match: Match, name: str) -> Human:
    """Tie the key strokes of ``match`` to the printed notes of ``played``.

    Args:
        name: of the performance, for errors.

    Raises:
        DataError: too little of the excerpt is played in the score's order: the performance is of another score.
    """
    printed = played.notes
    links = resolve(match, frozenset(printed["printed_id"]))
    links = links.drop_duplicates(["printed_id", "visit"])
    placed = printed[["printed_id", "visit", "position"]].merge(links, on=["printed_id", "visit"], how="left")
    stroke = placed["stroke"].fillna(-1).to_numpy(np.int64)
    onset = np.where(stroke >= 0, match.strokes["onset_s"].to_numpy()[stroke], np.nan)
    scored, counts = _scored(printed["position"].to_numpy(), onset)
    positions = int(printed["position"].nunique())
    if counts["scored"] < FEWEST * positions:
        raise DataError(
            f"{name}: only {counts['scored']} of {positions} score positions are played in the score's order; "
            "is this the .match file of this score?"
        )
    sounding = _sounding(played, match, stroke)
    shift = LEAD_S - float(sounding["onset_s"].min())
    taken = match.strokes.iloc[np.maximum(stroke, 0)].reset_index(drop=True)
    notes = printed.assign(
        onset_s=np.where(scored, onset + shift, np.nan),
        duration_s=np.where(scored, taken["duration_s"], np.nan),
        velocity=np.where(stroke >= 0, taken["velocity"], 0),
    )
    counts["strokes_not_printed"] = len(sounding) - int((stroke >= 0).sum())
    sounding = sounding.assign(onset_s=sounding["onset_s"] + shift)
    return Human(as_table(notes, NOTE_COLUMNS, name), sounding, counts)


def _scored(position: NDArray[np.int64], onset: NDArray[np.float64]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """(notes,) which notes are scored, and the counts of score positions by reason."""
    table = pd.DataFrame({"position": position, "onset": onset})
    moments = table.groupby("position")["onset"].agg(["min", "max", "count"])
    played = moments[moments["count"] > 0]
    sure = played[played["max"] - played["min"] <= WIDEST_S]
    kept = sure.index[in_order(sure["min"].to_numpy(), sure["count"].to_numpy(np.float64))]
    counts = {
        "positions": len(moments),
        "scored": len(kept),
        "not_played": len(moments) - len(played),
        "spread_too_wide": len(played) - len(sure),
        "out_of_order": len(sure) - len(kept),
        "notes": len(onset),
        "notes_not_played": int(np.isnan(onset).sum()),
    }
    return np.isin(position, kept) & np.isfinite(onset), counts


def in_order(time_s: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the rising subsequence of ``time_s`` (strictly) that has the largest sum of ``weight``."""
    best, before = weight.copy(), np.full(len(time_s), -1)
    for i in range(len(time_s)):
        earlier = np.flatnonzero(time_s[:i] < time_s[i])
        if len(earlier):
            before[i] = earlier[np.argmax(best[earlier])]
            best[i] += best[before[i]]
    kept = []
    at = int(np.argmax(best)) if len(best) else -1
    while at >= 0:
        kept.append(at)
        at = int(before[at])
    return np.array(kept[::-1], np.int64)


def _sounding(played: Played, match: Match, stroke: NDArray[np.int64]) -> pd.DataFrame:
    """The key strokes of the excerpt: its own, and what sounds among them.

    Where the score ends, what follows the last note belongs to it too, unless the pianist goes on with other music.
    """
    onset = match.strokes["onset_s"].to_numpy()
    own, elsewhere = np.zeros(len(onset), bool), _elsewhere(match, played)
    own[stroke[stroke >= 0]] = True
    first, last = onset[own].min() - PICKUP_S, onset[own].max()
    goes_on = onset[elsewhere & (onset > last)].min(initial=np.inf)
    among = (onset >= first) & ((onset <= last) | ((onset < goes_on) & (played.ends == "piece")))
    inside: pd.DataFrame = match.strokes[own | (among & ~elsewhere)].reset_index(drop=True)
    return inside


def _elsewhere(match: Match, played: Played) -> NDArray[np.bool_]:
    """(strokes,) whether a key stroke belongs to a note of the score beyond the excerpt."""
    links = match.links[match.links["stroke"] >= 0]
    inside = resolve(match, frozenset(played.notes["printed_id"])).merge(
        played.notes[["printed_id", "visit"]], on=["printed_id", "visit"]
    )
    beats = inside["beat"]
    beyond = links[(links["beat"] < beats.min()) | (links["beat"] > beats.max())]
    result = np.zeros(len(match.strokes), bool)
    result[beyond["stroke"]] = True
    return result
