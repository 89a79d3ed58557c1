"""A performed work on the pages of the MSMD rebuild: the notes of its score, found again on another engraving of it.

A .match file names the notes of one MusicXML score. A page engraved from another source of the same music has other
names. Both scores say when a note begins and how high it is: a note is the same where score time and pitch are, and
nothing else on either side has them too. What is left is not scored, and counted.
"""

import dataclasses
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from scorebench.build.engrave import Engraving
from scorebench.build.lilypond_log import TICKS_PER_WHOLE, to_ticks
from scorebench.build.lilypond_score import LilypondEngraving, engrave_lilypond
from scorebench.build.matches import Match
from scorebench.build.mutopia import ready_source
from scorebench.build.notated import Notated
from scorebench.errors import DataError

TICKS_PER_QUARTER = TICKS_PER_WHOLE // 4

SMALLEST = 1000
"""Score times are fractions of a quarter note with denominators up to this; what a float adds to them is rounding."""

_Place = tuple[int, int]
"""(MIDI tick of the score, MIDI pitch)."""


@dataclass(frozen=True)
class Join:
    """Which notes of a page are which notes of the score that was performed.

    Attributes:
        names: id in the performed score -> id on the page.
        counts: notes on the page, how many of them are joined, and why the others are not.
    """

    names: Mapping[str, str]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class RebuiltPage:
    """A work on pages of the rebuild: what ``engrave`` and ``read_notated`` give for others, and the join."""

    engraving: Engraving
    notated: Notated
    join: Join


def rebuilt_page(piece: str, source: Path, path: str, score: Engraving, notated: Notated, tempo: float) -> RebuiltPage:
    """Engrave the LilyPond source at ``path`` and join its notes with those of the score that was performed.

    Args:
        source: checkout of the Mutopia project.
        score, notated: the performed score, as Verovio reads it; bars are taken from it.
        tempo: quarter notes a minute of ``notated``, and of what is returned.

    Raises:
        DataError: the source is missing or cannot be engraved, or the page has movements or grace notes.
        MissingDependencyError: LilyPond is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="scorebench-") as work:
        page = engrave_lilypond(ready_source(source, path, Path(work)), piece)
    if page.movements != 1 or len(page.ticks) != len(page.notes):
        raise DataError(f"{piece}: {path} has several movements or grace notes; only plain pages can be joined")
    return RebuiltPage(
        Engraving(piece, page.pages, page.notes), _notated(page, notated, tempo), _join(page, score, notated, tempo)
    )


def _join(page: LilypondEngraving, score: Engraving, notated: Notated, tempo: float) -> Join:
    printed = zip(page.notes["note_id"], page.notes["pitch"], strict=True)
    heads = _by_place((name, (page.ticks[name][0], pitch)) for name, pitch in printed)
    known = zip(score.notes["note_id"], score.notes["pitch"], strict=True)
    written = _by_place(
        (name, (_tick(notated.onset_s[name], tempo), pitch)) for name, pitch in known if name in notated.onset_s
    )
    sure = [place for place, names in heads.items() if len(names) == len(written.get(place, ())) == 1]
    counts = {
        "notes_on_page": sum(map(len, heads.values())),
        "joined": len(sure),
        "not_in_performed_score": sum(len(names) for place, names in heads.items() if place not in written),
        "ambiguous": sum(len(names) for place, names in heads.items() if place in written and place not in sure),
        "performed_score_only": sum(len(names) for place, names in written.items() if place not in heads),
    }
    return Join({written[place][0]: heads[place][0] for place in sure}, counts)


def _by_place(notes: Iterable[tuple[str, _Place]]) -> dict[_Place, list[str]]:
    found: dict[_Place, list[str]] = {}
    for name, place in notes:
        found.setdefault(place, []).append(name)
    return found


def _tick(second: float, tempo: float) -> int:
    """MIDI tick of a moment of the performed score, whose time is in seconds at an even ``tempo``."""
    return to_ticks(Fraction(second * tempo / 60).limit_denominator(SMALLEST) / 4)


def _notated(page: LilypondEngraving, score: Notated, tempo: float) -> Notated:
    """The time of the page's own notes, in the bars and at the tempo of ``score``."""
    tick_s = 60 / tempo / TICKS_PER_QUARTER
    lines = [_tick(second, tempo) for second in score.bar_start_s[:-1]]
    return Notated(
        {name: begin * tick_s for name, (begin, _) in page.ticks.items()},
        {name: end * tick_s for name, (_, end) in page.ticks.items()},
        {name: bisect_right(lines, begin) - 1 for name, (begin, _) in page.ticks.items()},
        score.bar_start_s,
        {},
        {},
    )


def renamed(match: Match, names: Mapping[str, str]) -> Match:
    """``match`` with the names of a page's notes; a note that is not on it gets a name that no page has."""
    anchors = [_renamed(anchor, names) for anchor in match.links["anchor"]]
    return dataclasses.replace(match, links=match.links.assign(anchor=anchors))


def _renamed(anchor: str, names: Mapping[str, str]) -> str:
    if anchor in names:
        return names[anchor]
    name, _, visit = anchor.rpartition("-")
    return f"{names[name]}-{visit}" if name in names else f"?{anchor}"
