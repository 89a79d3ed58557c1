"""Notes and rests of one measure in columns: what stands above each other begins together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baselines.omr.recogniser.layout import Placed
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.symbols import HEADS, LOGS

QUARTER = 6720
"""Ticks a quarter note: divisible by what 64ths, dots, triplets, quintuplets and septuplets need."""

_APART = 0.75
"""Interlines between the middles of two columns, at least."""

_ASIDE, _ASIDE_WHOLE = 1.5, 2.0
"""Interlines from head to head, less than from one column to the next, of a second in a chord."""

_LIKELY = 0.03
"""Values less likely than this are not tried."""

_TRIED = 4
_SHORT = 3
_THIRDS = np.array([0.4, 1.0, 0.0])
"""Chances of what a note is part of, at least, where groups of three are looked for: that costs nothing then."""

_OTHER_SHARES = ((4, 5), (4, 7), (4, 6))
"""Of the written value, in groups that are not of three."""


@dataclass(frozen=True, eq=False)
class Event:
    """A chord or rest of one voice.

    Attributes:
        column: number of its column in the measure.
        staff: of the system.
        stem: 0 none, 1 up, 2 down.
        heads: its notes; empty for a rest.
        values: (ticks, cost), the likeliest first; cost is the negative logarithm of a chance.
    """

    column: int
    staff: int
    stem: int
    heads: tuple[Placed, ...]
    values: tuple[tuple[int, float], ...]


@dataclass(frozen=True, eq=False)
class Columns:
    """One measure.

    Attributes:
        xs: middles of the columns, from left to right.
        events: of all columns.
        graces: each grace note with the number of the column before which it stands.
        whole_rests: staves that rest for the measure.
    """

    xs: tuple[float, ...]
    events: tuple[Event, ...]
    graces: tuple[tuple[Placed, int], ...]
    whole_rests: tuple[int, ...]


def in_columns(marks: Sequence[Placed], thirds: bool = False) -> Columns:
    """Sort the marks of one measure into columns and chords.

    Args:
        thirds: eighths and shorter notes may well be in groups of three, though nothing says so.
    """
    timed = sorted((m for m in marks if m.mark.kind in (*HEADS[:3], "rest")), key=lambda m: m.mark.column)
    groups: list[list[Placed]] = []
    for placed in timed:
        if groups and placed.mark.column - np.mean([m.mark.column for m in groups[-1]]) < _APART * UNIT:
            groups[-1].append(placed)
        else:
            groups.append([placed])
    groups = _joined(groups)
    xs = tuple(float(np.mean([m.mark.column for m in group])) for group in groups)
    events = tuple(event for number, group in enumerate(groups) for event in _events(number, group, thirds))
    graces = tuple((m, int(np.searchsorted(xs, m.mark.x))) for m in marks if m.mark.kind == "grace")
    whole = tuple(m.staff for m in marks if m.mark.kind == "measure-rest")
    return Columns(xs, events, graces, whole)


def _joined(groups: Sequence[list[Placed]]) -> list[list[Placed]]:
    """A head that is set aside, because it is a step from another of its column, belongs to that column."""
    joined: list[list[Placed]] = []
    for group in groups:
        if joined and any(_is_aside(a, b) for a in joined[-1] for b in group):
            joined[-1].extend(group)
        else:
            joined.append(list(group))
    return joined


def _is_aside(left: Placed, right: Placed) -> bool:
    if left.staff != right.staff or "rest" in (left.mark.kind, right.mark.kind):
        return False
    width = _ASIDE_WHOLE if "whole" in (left.mark.kind, right.mark.kind) else _ASIDE
    return abs(left.position - right.position) <= 1 and right.mark.x - left.mark.x < width * UNIT


def _events(column: int, group: Sequence[Placed], thirds: bool) -> list[Event]:
    """Heads of one column with one stem are a chord; rests stand alone."""
    chords: dict[tuple[int, int, bool], list[Placed]] = {}
    events = []
    for placed in group:
        if placed.mark.kind == "rest":
            events.append(Event(column, placed.staff, 0, (), values([placed], thirds)))
        else:
            stem = placed.mark.most("stem")
            chords.setdefault((placed.staff, stem, placed.mark.kind == "filled"), []).append(placed)
    return events + [Event(column, k[0], k[1], tuple(heads), values(heads, thirds)) for k, heads in chords.items()]


def values(marks: Sequence[Placed], thirds: bool = False) -> tuple[tuple[int, float], ...]:
    """Lengths in ticks that a chord or rest may have, each with what it costs to believe so."""
    chances = {name: np.mean([m.mark.says[name] for m in marks], axis=0) for name in ("log", "dots", "tuplet")}
    if thirds and np.argmax(chances["log"]) >= _SHORT:
        chances["tuplet"] = np.maximum(chances["tuplet"], _THIRDS)
    found: dict[int, float] = {}
    for log in range(LOGS):
        for dots in range(3):
            for tuplet in range(3):
                chance = chances["log"][log] * chances["dots"][dots] * chances["tuplet"][tuplet]
                if chance >= _LIKELY:
                    for ticks, extra in _lengths(log, dots, tuplet):
                        found[ticks] = min(found.get(ticks, np.inf), float(-np.log(chance)) + extra)
    if not found:
        log, dots = int(np.argmax(chances["log"])), int(np.argmax(chances["dots"]))
        found[written(log, dots)] = 3.0
    return tuple(sorted(found.items(), key=lambda item: item[1])[:_TRIED])


def written(log: int, dots: int) -> int:
    """Ticks of a written value."""
    return sum((4 * QUARTER >> log) >> dot for dot in range(dots + 1))


def _lengths(log: int, dots: int, tuplet: int) -> list[tuple[int, float]]:
    ticks = written(log, dots)
    if tuplet == 0:
        return [(ticks, 0.0)]
    if tuplet == 1:
        return [(ticks * 2 // 3, 0.0)]
    return [(ticks * share // whole, 0.3 + 0.3 * place) for place, (share, whole) in enumerate(_OTHER_SHARES)]
