"""The order in which a performance plays what is printed: repeats, and where an excerpt ends.

A repeated bar is printed once and played twice. The second visit is another score position at the same place: its
notes stand in the table again, called ``<note>@2``. Which bars are visited, and in which order, is what the
performance itself says.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scorebench.build.engrave import Engraving
from scorebench.build.matches import Match
from scorebench.build.notated import Notated
from scorebench.errors import DataError
from scorebench.score import PRINTED_COLUMNS, as_table

FITS = 0.9
"""A performance fits a score if it knows at least this share of the score's printed notes."""


@dataclass(frozen=True)
class Played:
    """What of a score is played, in playing order.

    Attributes:
        notes: ``PRINTED_COLUMNS`` plus printed_id (id of the notehead) and visit (from 1). Positions count from 0.
        pages: how many pages of the engraving the excerpt has.
        ends: why it ends where it does: ``piece``, ``pages``, or ``repeat`` (to an earlier page).
    """

    notes: pd.DataFrame
    pages: int
    ends: str


def resolve(match: Match, known: frozenset[str]) -> pd.DataFrame:
    """The links of ``match`` to the noteheads ``known``: printed_id, visit, beat, stroke.

    A .match file appends ``-1`` to a note's id where it counts visits, or leaves the id as it is.
    """
    links = match.links
    ends = links["anchor"].str.extract(r"^(?P<name>.*)-(?P<visit>\d+)$")
    whole = links["anchor"].isin(known)
    table = links[["beat", "stroke"]].assign(
        printed_id=links["anchor"].where(whole, ends["name"]),
        visit=ends["visit"].where(~whole, "1").fillna("0").astype("int64"),
    )
    return table[table["printed_id"].isin(known)].reset_index(drop=True)


def play_order(engraving: Engraving, notated: Notated, match: Match, most_pages: int) -> Played:
    """The printed notes as ``match`` plays them, with the score's own time counted through the repeats.

    Raises:
        DataError: the performance does not fit the score.
    """
    heads = engraving.notes[engraving.notes["note_id"].isin(notated.onset_s.keys())]
    links = resolve(match, frozenset(heads["note_id"]))
    share = heads["note_id"].isin(links["printed_id"]).mean() if len(heads) else 0.0
    if share < FITS:
        raise DataError(
            f"{engraving.piece}: the performance knows {share:.0%} of the score's notes by their ids, at least "
            f"{FITS:.0%} are needed; give the .match file made for this score"
        )
    tables = [_visit(heads, notated, bar, visit, start) for bar, visit, start in _bars_as_played(links, notated)]
    notes = pd.concat(tables, ignore_index=True)
    place = {key: i for i, key in enumerate(dict.fromkeys(_keys(notes)))}
    notes["position"] = [place[key] for key in _keys(notes)]
    return _cut(notes, most_pages)


def _keys(notes: pd.DataFrame) -> list[tuple[int, float]]:
    """What tells the score positions apart; notes of one bar are in the order of their time."""
    return list(zip(notes["instance"], notes["score_onset_s"].round(6), strict=True))


def _bars_as_played(links: pd.DataFrame, notated: Notated) -> list[tuple[int, int, float]]:
    """(bar, visit, second at which it begins) of every bar in playing order."""
    links = links.assign(bar=links["printed_id"].map(notated.bar))
    first = links.groupby(["bar", "visit"])["beat"].min().sort_values(kind="stable")
    begin = np.asarray(notated.bar_start_s)
    silent = np.ones(len(begin) - 1, bool)  # bars in which nothing begins: no link can name them
    silent[sorted(set(links["bar"]))] = False
    order: list[tuple[int, int, float]] = []
    at = float(begin[int(first.index[0][0])])
    for bar, visit in first.index:
        if order and bar > (before := order[-1][0]) + 1 and silent[before + 1 : bar].all():
            at += float(begin[bar] - begin[before + 1])
        order.append((int(bar), int(visit), at))
        at += float(begin[bar + 1] - begin[bar])
    return order


def _visit(heads: pd.DataFrame, notated: Notated, bar: int, visit: int, start_s: float) -> pd.DataFrame:
    """The notes of one bar on one visit that begins at ``start_s``."""
    here = heads[heads["note_id"].map(notated.bar) == bar]
    shift = start_s - notated.bar_start_s[bar]
    onset = here["note_id"].map(notated.onset_s)
    name = here["note_id"] if visit == 1 else here["note_id"] + f"@{visit}"
    table = here.assign(
        note_id=name,
        printed_id=here["note_id"],
        visit=visit,
        instance=len(heads) * visit + bar,
        score_onset_s=onset + shift,
        score_duration_s=here["note_id"].map(notated.end_s) - onset,
    )
    return table.sort_values(["score_onset_s", "pitch", "note_id"], kind="stable")


def _cut(notes: pd.DataFrame, most_pages: int) -> Played:
    """The excerpt up to the first note beyond ``most_pages``, or on a page that was left already."""
    page = notes["page"].to_numpy()
    beyond = page >= most_pages
    back = page < np.maximum.accumulate(page)
    stop = int(np.argmax(beyond | back)) if (beyond | back).any() else len(notes)
    ends = "piece" if stop == len(notes) else "repeat" if back[stop] else "pages"
    kept = notes.iloc[:stop]
    if stop < len(notes):  # a score position is in the excerpt whole or not at all
        kept = kept[kept["position"] != notes["position"].iloc[stop]]
    extra = ["printed_id", "visit"]
    table = pd.concat([as_table(kept, PRINTED_COLUMNS, "notes"), kept[extra].reset_index(drop=True)], axis=1)
    if table.empty:
        raise DataError("nothing of this score is played before its end; choose another excerpt")
    table["score_onset_s"] -= table["score_onset_s"].min()
    return Played(table, int(table["page"].max()) + 1, ends)
