"""The notes of one staff in one measure, as chords in voices that do not overlap."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from scorebench.omr import rows_of

FINEST = 256
"""Largest denominator of a time in quarters: no note value is shorter than a 1024th. Readings keep times as floats."""

_PLAIN = tuple(Fraction(2) ** power for power in range(3, -9, -1))
"""Quarters of a breve to a 1024th."""


def quarters(value: float) -> Fraction:
    """A time in quarters as the fraction that it stands for."""
    return Fraction(value).limit_denominator(FINEST)


class Value(NamedTuple):
    """A written note value: ``plain`` quarters with ``dots``, ``actual`` of which take the time of ``normal``."""

    plain: Fraction
    dots: int
    actual: int
    normal: int

    @property
    def length(self) -> Fraction:
        """Quarters that it lasts."""
        return self.plain * (2 - Fraction(1, 2**self.dots)) * Fraction(self.normal, self.actual)


def values_of(length: Fraction) -> list[Value]:
    """The fewest note values that last ``length`` together, the longest first; one where there is such a value.

    A length in thirds is written in triplets, one in fifths in quintuplets, and so on.
    """
    actual = length.denominator // (length.denominator & -length.denominator)
    normal = 2 ** (actual.bit_length() - 1)
    rest, values = length * Fraction(actual, normal), []
    while rest > 0:
        plain = next(value for value in _PLAIN if value <= rest)
        dots = 2 if rest >= plain * Fraction(7, 4) else 1 if rest >= plain * Fraction(3, 2) else 0
        values.append(Value(plain, dots, actual, normal))
        rest -= plain * (2 - Fraction(1, 2**dots))
    return values


@dataclass
class Chord:
    """Notes of a measure that begin and end together; times from the beginning of the measure."""

    onset: Fraction
    length: Fraction
    voice: int
    heads: list[Any]

    @property
    def end(self) -> Fraction:
        """Quarters from the beginning of the measure."""
        return self.onset + self.length


@dataclass
class Lane:
    """Chords one after another."""

    chords: list[Chord] = field(default_factory=list)

    def takes(self, chord: Chord) -> bool:
        """Whether ``chord`` overlaps none of mine. A grace note must not fall into one."""
        return all(chord.onset >= mine.end or chord.end <= mine.onset for mine in self.chords if mine.length > 0)


def chords_of(notes: pd.DataFrame, begin: Fraction) -> list[Chord]:
    """Notes that begin and end together in one voice; each grace note is one by itself."""
    chords: dict[tuple[Any, ...], Chord] = {}
    for row in rows_of(notes.sort_values("x_px", kind="stable")):
        onset, length = quarters(row.onset_quarters) - begin, quarters(row.duration_quarters)
        key = (row.voice, onset, length) if length else (row.Index,)
        chords.setdefault(key, Chord(onset, length, row.voice, [])).heads.append(row)
    return sorted(chords.values(), key=lambda c: (c.onset, c.length > 0, c.voice, -c.length))


def lanes_of(chords: Iterable[Chord]) -> list[Lane]:
    """Chords in as few lanes as need be, each in that of its voice where there is room."""
    lanes: list[Lane] = []
    for chord in sorted(chords, key=lambda c: (c.length == 0, c.voice)):
        free = [lane for lane in lanes if lane.takes(chord)]
        own = [lane for lane in free if any(mine.voice == chord.voice for mine in lane.chords)]
        lane = (own or free or [Lane()])[0]
        if lane not in lanes:
            lanes.append(lane)
        lane.chords.append(chord)
    for lane in lanes:
        lane.chords.sort(key=lambda c: (c.onset, c.length > 0))
    return lanes
