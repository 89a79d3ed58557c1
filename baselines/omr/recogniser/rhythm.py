"""When each column of a measure begins: the search for lengths of notes that fit together and fill the measure.

Columns come in order; what begins in a column goes on from something that ends there. A beam search over the
columns, from left to right, keeps the cheapest ways to read them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from baselines.omr.recogniser.columns import QUARTER, Columns, Event, in_columns
from baselines.omr.recogniser.layout import Placed

_BEAM = 48
_COMBINATIONS = 12
"""Ways to read the lengths in one column that are tried."""

_UNCONTINUED = 1.2
"""Price of something that ends where nothing begins and the measure does not end."""

_UNPREPARED = 0.7
"""Price of something that begins where nothing of its staff ends."""

_WRONG_LENGTH = 3.0
"""Price of a measure that is not as long as the time signature says."""

_RAGGED = 1.5
"""Price of something that does not end where the measure ends."""

_EVEN_COST = 4.0
"""Price of a measure that is believed as it is."""

_UNANNOUNCED = 6.0
"""Price of groups of three without a number."""

_GRID = QUARTER // 4


@dataclass(frozen=True)
class Timing:
    """One measure, read.

    Attributes:
        onsets: ticks of each column from the beginning of the measure.
        lengths: ticks of each event of ``Columns.events``.
        total: ticks of the measure.
        cost: of believing so; 0 is no doubt.
    """

    onsets: tuple[int, ...]
    lengths: tuple[int, ...]
    total: int
    cost: float


@dataclass(frozen=True)
class _State:
    """A reading of the columns up to some place: when that begins, and (end, staff) of what still sounds."""

    cost: float
    onsets: tuple[int, ...]
    lengths: tuple[int, ...]
    pending: tuple[tuple[int, int], ...]


def time_marks(marks: Sequence[Placed], expected: int | None, may_be_short: bool) -> tuple[Columns, Timing]:
    """Read one measure; where it does not come out even, once more with groups of three that nothing announces.

    After a few of them, engravers leave their numbers out.
    """
    columns = in_columns(marks)
    timing = time_measure(columns, expected, may_be_short)
    if timing.cost < _EVEN_COST:
        return columns, timing
    grouped = in_columns(marks, thirds=True)
    other = time_measure(grouped, expected, may_be_short)
    return (grouped, other) if other.cost + _UNANNOUNCED < timing.cost else (columns, timing)


def time_measure(columns: Columns, expected: int | None, may_be_short: bool) -> Timing:
    """Find onsets and lengths.

    Args:
        expected: ticks of a measure, by the time signature; None where it is not known.
        may_be_short: an upbeat, or the measure before a repeat.
    """
    if not columns.xs:
        return Timing((), (), expected or 4 * QUARTER, 0.0)
    by_column = [[e for e in columns.events if e.column == n] for n in range(len(columns.xs))]
    states = [_State(0.0, (0,), (), ())]
    for number, events in enumerate(by_column):
        begun = [s for state in states for s in _begin(state, events)]
        if number + 1 < len(by_column):
            begun = [s for state in _cheapest(begun) for s in _go_on(state, by_column[number + 1])]
        states = _cheapest(begun)
    best = min((_close(state, expected, may_be_short) for state in states), key=lambda timing: timing.cost)
    order = [event for events in by_column for event in events]
    lengths = {id(event): ticks for event, ticks in zip(order, best.lengths, strict=True)}
    return Timing(best.onsets, tuple(lengths[id(e)] for e in columns.events), best.total, best.cost)


def _cheapest(states: Sequence[_State]) -> list[_State]:
    """The best states; of those that can go on alike, the best one."""
    kept: dict[tuple[int, tuple[tuple[int, int], ...]], _State] = {}
    for state in sorted(states, key=lambda s: s.cost):
        kept.setdefault((state.onsets[-1], state.pending), state)
        if len(kept) >= _BEAM:
            break
    return list(kept.values())


def _begin(state: _State, events: Sequence[Event]) -> Iterator[_State]:
    """The events of a column begin at its onset."""
    now = state.onsets[-1]
    ways = sorted(product(*(event.values for event in events)), key=lambda way: sum(cost for _, cost in way))
    for way in ways[:_COMBINATIONS]:
        ends = tuple((now + ticks, event.staff) for (ticks, _), event in zip(way, events, strict=True))
        cost = state.cost + sum(cost for _, cost in way)
        yield _State(
            cost, state.onsets, (*state.lengths, *(ticks for ticks, _ in way)), tuple(sorted(state.pending + ends))
        )


def _go_on(state: _State, events: Sequence[Event]) -> Iterator[_State]:
    """The next column begins where something ends."""
    now = state.onsets[-1]
    ends = sorted({end for end, _ in state.pending if end > now})
    for then in ends[:4] or [now + _GRID]:
        over = [p for p in state.pending if p[0] <= then]
        missed = sum(end < then for end, _ in over)
        cost = state.cost + _UNCONTINUED * missed + _UNPREPARED * _unprepared(over, then, events)
        left = tuple(p for p in state.pending if p[0] > then)
        yield _State(cost, (*state.onsets, then), state.lengths, left)


def _unprepared(over: Sequence[tuple[int, int]], then: int, events: Sequence[Event]) -> float:
    """How many voices of a staff begin or end without need at ``then``."""
    count = 0.0
    for staff in {e.staff for e in events} | {staff for _, staff in over}:
        ending = sum(end == then and s == staff for end, s in over)
        beginning = sum(e.staff == staff for e in events)
        count += abs(ending - beginning) if ending == 0 or beginning == 0 else 0.3 * abs(ending - beginning)
    return count


def _close(state: _State, expected: int | None, may_be_short: bool) -> Timing:
    """The measure ends where most of what sounds ends."""
    ends = [end for end, _ in state.pending]
    last = max(ends)
    options = set(ends) | ({expected} if expected else set())
    best, total = float("inf"), last
    for end in sorted(options):
        if end > state.onsets[-1]:
            cost = _RAGGED * sum(e != end for e in ends)
            if expected is not None and end != expected:
                cost += _WRONG_LENGTH * (0.3 if may_be_short and end < expected else 1.0)
            if cost < best:
                best, total = cost, end
    return Timing(state.onsets, state.lengths, total, state.cost + best)
