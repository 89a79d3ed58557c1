"""From places on staves to pitches: clefs, keys, accidentals and octave signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from baselines.omr.recogniser.layout import Placed, System
from baselines.omr.recogniser.marks import UNIT
from baselines.omr.recogniser.symbols import ACCIDENTALS, ALTERS, CLEFS, HEADS, KEY_SIGNS, STRIDE

STEPS = "CDEFGAB"
_SEMITONES = (0, 2, 4, 5, 7, 9, 11)
_SHARPS = (3, 0, 4, 1, 5, 2, 6)
"""Steps in the order in which keys raise them; flats come the other way."""

_CLEF_STEP = {"clef-G": 32, "clef-F": 24, "clef-C": 28}
"""Steps from C0 to the note that a clef names: G4, F3, C4."""

_CLEF_HOME = {"clef-G": -2, "clef-F": 2, "clef-C": 0}
_ACCIDENTAL_REACH = 7.0
"""Interlines from an accidental to its note, at most."""

_SIGNS = {0: "", 1: "#", 2: "##", -1: "b", -2: "bb"}


@dataclass(frozen=True)
class Clef:
    """``step`` steps above C0 are in the middle of the staff."""

    name: str
    middle: int


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


def key_alter(fifths: int, step: int) -> int:
    """Semitones by which a key raises a step."""
    place = _SHARPS.index(step % 7)
    return 1 if place < fifths else -1 if 6 - place < -fifths else 0


def clef_of(kind: str, position: int) -> Clef:
    """A clef drawn ``position`` half interlines above the middle line."""
    line = 2 * round(position / 2)
    at = line if kind == "clef-C" else _CLEF_HOME[kind]
    names = {"clef-G": "G", "clef-F": "F", "clef-C": {-4: "C1", -2: "C2", 2: "C4"}.get(at, "C")}
    at = {"C1": -4, "C2": -2, "C4": 2, "C": 0}.get(names[kind], at)
    return Clef(names[kind], _CLEF_STEP[kind] - at)


def default_clef(staff: int, staves: int) -> Clef:
    """Where no clef was found: F on the lower of several staves."""
    return clef_of("clef-F", 2) if staves > 1 and staff == staves - 1 else clef_of("clef-G", -2)


def keys(marks: Sequence[Placed], staves: int) -> list[tuple[float, int]]:
    """Changes of key in a system: (x from which on, fifths), as most of its staves have them."""
    signs = sorted((m for m in marks if m.mark.kind in KEY_SIGNS), key=lambda m: m.mark.x)
    groups: list[list[Placed]] = []
    for sign in signs:
        if groups and sign.mark.x - groups[-1][-1].mark.x < 2.6 * UNIT:
            groups[-1].append(sign)
        else:
            groups.append([sign])
    return [(group[0].mark.x - UNIT, _fifths(group, staves)) for group in groups]


def _fifths(group: Sequence[Placed], staves: int) -> int:
    """Each staff counts; where they differ, the staff whose signs are surest."""
    votes: dict[int, float] = {}
    for staff in range(staves):
        own = [m for m in group if m.staff == staff]
        if own:
            sharps = sum(m.mark.kind == "key-sharp" for m in own)
            flats = sum(m.mark.kind == "key-flat" for m in own)
            fifths = sharps if sharps >= flats else -flats
            votes[fifths] = votes.get(fifths, 0) + float(np.mean([m.mark.chance for m in own])) + 0.05 * len(own)
    best = max(votes, key=lambda f: (votes[f], abs(f)))
    return int(np.clip(best, -7, 7))


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
    changes = keys(marks, len(system.staves))
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
            if placed.mark.kind in CLEFS and abs(placed.position) <= 5:
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
    return Pitch(step, alter, octaves)


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
