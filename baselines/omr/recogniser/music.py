"""From marks on a page to notes with pitch and time: staves, measures, pitches and rhythm put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from baselines.omr.recogniser.columns import QUARTER, Columns
from baselines.omr.recogniser.keys import clef_of, default_clef, is_clef
from baselines.omr.recogniser.layout import Placed, System, has_ledger_lines, place, with_bars
from baselines.omr.recogniser.marks import Marks
from baselines.omr.recogniser.metre import Metre, metres
from baselines.omr.recogniser.pitches import (
    Pitch,
    StaffState,
    octave_signs,
    read_pitches,
)
from baselines.omr.recogniser.repeats import RepeatSign, repeat_signs
from baselines.omr.recogniser.rhythm import Timing, time_marks
from baselines.omr.recogniser.staves import Staff
from baselines.omr.recogniser.symbols import HEADS, RESTS
from baselines.omr.recogniser.ties import with_ties

_AT_BEGIN = 8.0 * 8
"""Pixels from the beginning of a measure in which a clef or time signature counts as its own."""

_AT_SIGN = 2.0 * 8
"""Pixels from a bar line to a repeat sign that stands there."""


@dataclass(frozen=True)
class ReadNote:
    """One notehead: where it is printed, and what it means. Ticks count from the beginning of its measure."""

    placed: Placed
    pitch: Pitch
    voice: int
    onset: int
    length: int
    tied: bool


@dataclass(frozen=True)
class ReadMeasure:
    """One measure of one system."""

    system: int
    left: float
    right: float
    ticks: int
    metre: Metre
    fifths: int
    clefs: tuple[str, ...]
    notes: tuple[ReadNote, ...]
    repeat_begins: bool
    repeat_ends: bool


@dataclass
class _Course:
    """What is in force from one system to the next."""

    states: list[StaffState] = field(default_factory=list)
    metre: Metre | None = None
    usual: int | None = None
    """Ticks of the measures so far, where no time signature was seen."""


def read_music(
    groups: Sequence[Sequence[Staff]], marks: Marks, ink: NDArray[np.float32]
) -> tuple[list[System], list[ReadMeasure]]:
    """Read a page.

    Args:
        groups: staves of each system, in pixels of the scaled page.
        ink: (h, w), the scaled page.
    """
    systems = [with_bars(group, marks, ink) for group in groups]
    placed = [p for p in place(systems, marks) if has_ledger_lines(p, systems[p.system].staves[p.staff], ink)]
    placed = with_ties(placed, systems, marks.stroke("tie"))
    course = _Course()
    measures: list[ReadMeasure] = []
    for number, system in enumerate(systems):
        own = [p for p in placed if p.system == number]
        repeats = repeat_signs(system.staves, ink)
        measures += _read_system(number, system, own, marks, repeats, course)
    return systems, measures


def _read_system(
    number: int, system: System, own: Sequence[Placed], marks: Marks, repeats: Sequence[RepeatSign], course: _Course
) -> list[ReadMeasure]:
    staves = len(system.staves)
    if len(course.states) != staves:
        course.states = [StaffState(default_clef(s, staves)) for s in range(staves)]
    clefs = _clefs(system, own, course.states)
    pitches = read_pitches(system, own, octave_signs(system, marks.stroke("ottava")), course.states)
    signatures = metres(own, staves)
    fifths = course.states[0].fifths
    found = []
    for measure, (left, right) in enumerate(zip(system.bars[:-1], system.bars[1:], strict=True)):
        inside = [p for p in own if p.measure == measure]
        while signatures and signatures[0][0] < right - 2.0 * 8:
            course.metre = signatures.pop(0)[1]
        if not any(p.mark.kind in (*HEADS, *RESTS) for p in inside):
            continue  # only the signs at the end of a line
        begins = any(sign.begins and abs(sign.x - left) < _AT_SIGN for sign in repeats)
        ends = any(sign.ends and abs(sign.x - right) < _AT_SIGN for sign in repeats)
        may_be_short = measure in (0, len(system.bars) - 2) or begins or ends
        columns, timing = time_marks(inside, _expected(course), may_be_short)
        course.usual = timing.total if course.metre is None else None
        notes = _notes(columns, timing, pitches)
        metre = course.metre or _metre_of(timing.total)
        signs = (metre, fifths, clefs[measure], tuple(notes), begins, ends)
        found.append(ReadMeasure(number, left, right, timing.total, *signs))
    for _, metre in signatures:  # a warning at the end of the line
        course.metre = metre
    return found


def _expected(course: _Course) -> int | None:
    return course.metre.ticks if course.metre is not None else course.usual


def _metre_of(ticks: int) -> Metre:
    """A metre of that length."""
    eighths = max(1, round(ticks / (QUARTER / 2)))
    return Metre(eighths // 2, 4) if eighths % 2 == 0 else Metre(eighths, 8)


def _clefs(system: System, own: Sequence[Placed], states: Sequence[StaffState]) -> list[tuple[str, ...]]:
    """The clefs of all staves where each measure begins."""
    now = [state.clef.name for state in states]
    signs = sorted((p for p in own if is_clef(p)), key=lambda p: p.mark.x)
    found = []
    for left in system.bars[:-1]:
        is_first = left == system.bars[0]
        while signs and signs[0].mark.x < left + (_AT_BEGIN if is_first else 0):
            sign = signs.pop(0)
            now[sign.staff] = clef_of(sign.mark.kind, sign.position).name
        found.append(tuple(now))
    return found


def _notes(columns: Columns, timing: Timing, pitches: Mapping[int, Pitch]) -> list[ReadNote]:
    """Every head of a measure; grace notes begin with the column that they lead to."""
    notes = []
    voices = _voices(columns, timing)
    for event, length, voice in zip(columns.events, timing.lengths, voices, strict=True):
        onset = timing.onsets[event.column]
        length = min(length, timing.total - onset)
        for head in event.heads:
            tied = head.mark.most("tied") == 1
            notes.append(ReadNote(head, pitches[id(head)], voice, onset, length, tied))
    notes = _once(notes)
    for head, column in columns.graces:
        onset = timing.onsets[column] if column < len(timing.onsets) else timing.total
        notes.append(ReadNote(head, pitches[id(head)], 0, onset, 0, False))
    return notes


def _once(notes: Sequence[ReadNote]) -> list[ReadNote]:
    """A head of two voices is one note, as long as the longer of them."""
    kept: dict[tuple[float, float], ReadNote] = {}
    for note in notes:
        at = (note.placed.mark.x, note.placed.mark.y)
        if at not in kept or note.length > kept[at].length:
            kept[at] = note
    return list(kept.values())


def _voices(columns: Columns, timing: Timing) -> list[int]:
    """A voice of its staff for each event, free when the event begins; stems up go to the first."""
    ends: dict[tuple[int, int], int] = {}
    found = [0] * len(columns.events)
    order = sorted(range(len(found)), key=lambda i: (columns.events[i].column, columns.events[i].stem))
    for i in order:
        event = columns.events[i]
        onset = timing.onsets[event.column]
        wished = 1 if event.stem == 2 and _has_both(columns, event.staff) else 0
        voice = next(v for v in (wished, *range(len(found) + 1)) if ends.get((event.staff, v), 0) <= onset)
        ends[event.staff, voice] = onset + timing.lengths[i]
        found[i] = voice
    return found


def _has_both(columns: Columns, staff: int) -> bool:
    """Whether stems of one column of a staff go both ways."""
    stems = {(e.column, e.stem) for e in columns.events if e.staff == staff and e.stem}
    return any((column, 1) in stems and (column, 2) in stems for column, _ in stems)
