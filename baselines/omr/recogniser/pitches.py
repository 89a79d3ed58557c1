"""From places on staves to pitches: clefs, keys, accidentals and octave signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from baselines.omr.recogniser.keys import Clef, clef_of, is_clef, key_alter, keys
from baselines.omr.recogniser.layout import Placed, System
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.symbols import ACCIDENTALS, ALTERS, HEADS, STRIDE

STEPS = "CDEFGAB"
_SEMITONES = (0, 2, 4, 5, 7, 9, 11)
_ACCIDENTAL_REACH = 7.0
"""Interlines from an accidental to its note, at most."""

_SIGNS = {0: "", 1: "#", 2: "##", -1: "b", -2: "bb"}


@dataclass(frozen=True)
class Pitch:
    """Steps above C0 as written, alteration in semitones, and octaves to be added."""

    step: int
    alter: int
    octaves: int = 0

    @property
    def spelling(self) -> str:
        """As "F#4"."""
        return f"{STEPS[self.step % 7]}{_SIGNS[self.alter]}{self.step // 7 + self.octaves}"

    @property
    def midi(self) -> int:
        """MIDI number."""
        return 12 * (self.step // 7 + self.octaves + 1) + _SEMITONES[self.step % 7] + self.alter


@dataclass
class StaffState:
    """What is in force on a staff while it is read from left to right, system by system."""

    clef: Clef
    fifths: int = 0
    altered: dict[int, int] = field(default_factory=dict)
    sounding: dict[int, int] = field(default_factory=dict)
    """Step -> alteration of the newest note on it, for ties."""

    def alter(self, step: int) -> int:
        """Alteration of a note without an accidental of its own."""
        return self.altered.get(step, key_alter(self.fifths, step))


@dataclass(frozen=True)
class Shift:
    """An octave sign: between ``left`` and ``right`` a staff sounds ``octaves`` higher."""

    staff: int
    left: float
    right: float
    octaves: int


def octave_signs(system: System, chances: NDArray[np.float32]) -> list[Shift]:
    """Octave signs above and below the staves of a system."""
    found: list[Shift] = []
    for number, staff in enumerate(system.staves):
        for octaves, low, high in ((1, staff.top - 9 * UNIT, staff.top), (-1, staff.bottom, staff.bottom + 9 * UNIT)):
            rows = chances[max(0, int(low / STRIDE)) : max(0, int(high / STRIDE))]
            if len(rows):
                found += [Shift(number, a, b, octaves) for a, b in _stretches(rows)]
    return _nearest(found)


def _nearest(found: list[Shift]) -> list[Shift]:
    """A sign between two staves would be seen from both: it belongs above the lower one."""
    below = [s for s in found if s.octaves < 0]
    return [s for s in found if s.octaves > 0] + [
        s
        for s in below
        if not any(o.octaves > 0 and o.staff == s.staff + 1 and o.left < s.right and s.left < o.right for o in found)
    ]


def _stretches(rows: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Where there is a dashed line: (left, right) in pixels."""
    dark = (rows > 0.5).any(axis=0)
    bridge = int(1.5 * UNIT / STRIDE)
    joined = np.convolve(dark, np.ones(2 * bridge + 1), "same") > 0
    parts, count = label(joined)
    found = []
    for part in range(1, count + 1):
        at = np.nonzero((parts == part) & dark)[0]
        if (at[-1] - at[0]) * STRIDE > 2 * UNIT:
            found.append((float(at[0] * STRIDE), float((at[-1] + 1) * STRIDE)))
    return found


def read_pitches(
    system: System, marks: Sequence[Placed], shifts: Sequence[Shift], states: Sequence[StaffState]
) -> dict[int, Pitch]:
    """The pitch of every head in ``marks`` (of one system), by ``id`` of its ``Placed``; ``states`` go on."""
    now = states[0].fifths if any(state.sounding for state in states) else None
    changes = keys(marks, [state.clef for state in states], system.bars, now)
    pitches: dict[int, Pitch] = {}
    for staff, state in enumerate(states):
        own = sorted((m for m in marks if m.staff == staff), key=lambda m: (m.measure, m.mark.x))
        accidentals = _attached(own)
        pending = list(changes)
        measure = -1
        for placed in own:
            if placed.measure != measure:
                measure, state.altered = placed.measure, {}
            while pending and pending[0][0] <= placed.mark.x:
                state.fifths = pending.pop(0)[1]
            if is_clef(placed):
                state.clef = clef_of(placed.mark.kind, placed.position)
            elif placed.mark.kind in HEADS:
                octaves = sum(s.octaves for s in shifts if s.staff == staff and _within(placed, s))
                pitches[id(placed)] = _pitch(placed, state, accidentals, octaves)
    return pitches


def _within(placed: Placed, shift: Shift) -> bool:
    return shift.left - UNIT <= placed.mark.x <= shift.right + 0.7 * UNIT


def _pitch(placed: Placed, state: StaffState, accidentals: Mapping[int, int], octaves: int) -> Pitch:
    step = int(np.clip(state.clef.middle + placed.position, 0, 65))
    own = accidentals.get(id(placed))
    if own is not None:
        state.altered[step] = own
    is_tied = placed.mark.most("tied") == 1
    alter = state.alter(step)
    if is_tied and own is None and step not in state.altered:
        alter = state.sounding.get(step, alter)
    state.sounding[step] = alter
    pitch = Pitch(step, alter, octaves)
    return pitch if 0 <= pitch.midi <= 127 else Pitch(step, 0)


def _attached(own: Sequence[Placed]) -> dict[int, int]:
    """Alteration of each head that has an accidental: the nearest head to its right on the same place of the staff."""
    heads = [m for m in own if m.mark.kind in HEADS]
    found: dict[int, int] = {}
    for sign in own:
        if sign.mark.kind in ACCIDENTALS:
            right = [
                h
                for h in heads
                if abs(h.mark.y - sign.mark.y) < 0.35 * UNIT
                and 0.4 * UNIT < h.mark.x - sign.mark.x < _ACCIDENTAL_REACH * UNIT
            ]
            if right:
                found[id(min(right, key=lambda h: h.mark.x))] = ALTERS[sign.mark.kind]
    return found
