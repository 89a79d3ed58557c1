"""Random piano music as MEI: rare symbols are as frequent as common ones, and nothing of it sounds good."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

METRES = ((4, 4), (3, 4), (2, 4), (6, 8), (3, 8), (2, 2), (9, 8), (12, 8), (5, 4), (6, 4), (7, 8), (3, 2))
_STEPS = "cdefgab"
_ACCIDENTALS = ("s", "f", "n", "x", "ff")
_VALUES = (1, 2, 4, 8, 16, 32, 64)
_MIDDLES = {"G": 34, "F": 22, "C": 28}
"""Steps from C0 to the middle line: B4, D3, C4."""

_HOME = {"G": 2, "F": 4, "C": 3}
_WORDS = ("Allegro", "dolce", "cresc.", "rit.", "a tempo", "Fine", "sempre legato", "con moto")


@dataclass
class Writer:
    """What has been written of one score, and how it is to be written."""

    random: np.random.Generator
    clefs: list[str]
    shortest: int
    busy: float
    controls: list[str] = field(default_factory=list)
    names: int = 0
    last: list[tuple[str, int]] = field(default_factory=list)
    metre: tuple[int, int] = (4, 4)

    def chance(self, share: float) -> bool:
        """True in ``share`` of the cases."""
        return bool(self.random.random() < share)

    def name(self) -> str:
        """A new xml:id."""
        self.names += 1
        return f"n{self.names}"


def score(seed: int, measures: int = 40) -> str:
    """The text of an MEI file of two staves."""
    random = np.random.default_rng(seed)
    clefs = ["G", "F"] if random.random() < 0.85 else [str(random.choice(["G", "F", "C"])) for _ in range(2)]
    writer = Writer(random, clefs, int(random.choice([3, 4, 4, 5, 5, 6])), float(random.uniform(0.05, 0.5)))
    writer.metre = METRES[random.integers(len(METRES))]
    begin = _definition(writer, with_staves=True)
    body = "".join(_measure(writer, number) for number in range(measures))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0">'
        f"<music><body><mdiv><score>{begin}<section>{body}</section></score></mdiv></body></music></mei>"
    )


def _definition(writer: Writer, with_staves: bool) -> str:
    fifths = int(writer.random.integers(-7, 8))
    key = f"{abs(fifths)}{'s' if fifths > 0 else 'f'}" if fifths else "0"
    count, unit = writer.metre
    sign = {(4, 4): ' meter.sym="common"', (2, 2): ' meter.sym="cut"'}.get((count, unit), "")
    metre = f'meter.count="{count}" meter.unit="{unit}"{sign if writer.chance(0.7) else ""}'
    if not with_staves:
        return f'<scoreDef keysig="{key}" {metre}/>'
    staves = "".join(
        f'<staffDef n="{n + 1}" lines="5" clef.shape="{c}" clef.line="{_HOME[c]}"/>' for n, c in enumerate(writer.clefs)
    )
    return f'<scoreDef keysig="{key}" {metre}><staffGrp symbol="brace" bar.thru="true">{staves}</staffGrp></scoreDef>'


def _measure(writer: Writer, number: int) -> str:
    change = ""
    if number and writer.chance(0.08):
        writer.metre = METRES[writer.random.integers(len(METRES))]
        change = _definition(writer, with_staves=False)
    writer.controls = []
    staves = "".join(f'<staff n="{n + 1}">{_staff(writer, n)}</staff>' for n in range(2))
    right = str(writer.random.choice(["single"] * 12 + ["dbl", "rptend", "end", "rptstart"]))
    return f'{change}<measure n="{number + 1}" right="{right}">{staves}{"".join(writer.controls)}</measure>'


def _staff(writer: Writer, staff: int) -> str:
    if writer.chance(0.06):
        return '<layer n="1"><mRest/></layer>'
    voices = 2 if writer.chance(0.3) else 1
    return "".join(
        f'<layer n="{v + 1}">{_layer(writer, staff, v if voices == 2 else None)}</layer>' for v in range(voices)
    )


def _layer(writer: Writer, staff: int, voice: int | None) -> str:
    """One measure of a voice: beats of a quarter or three eighths, and longer notes."""
    count, unit = writer.metre
    rest = Fraction(count, unit)
    compound = unit == 8 and count % 3 == 0
    made, events = [], list[str]()
    writer.last = []
    while rest > 0:
        beat = Fraction(3, 8) if compound else Fraction(1, 4)
        if writer.chance(0.05) and voice is None:
            made.append(_new_clef(writer, staff))
        long = [v for v in (Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(3, 8)) if beat < v <= rest]
        if long and writer.chance(0.25):
            taken = long[writer.random.integers(len(long))]
            made.append(_event(writer, staff, voice, taken, events))
        else:
            taken = min(beat, rest)
            made.append(_beat(writer, staff, voice, taken, events))
        rest -= taken
    _over(writer, staff, events)
    return "".join(made)


def _new_clef(writer: Writer, staff: int) -> str:
    writer.clefs[staff] = str(writer.random.choice([c for c in "GFGFC" if c != writer.clefs[staff]]))
    return f'<clef shape="{writer.clefs[staff]}" line="{_HOME[writer.clefs[staff]]}"/>'


def _beat(writer: Writer, staff: int, voice: int | None, length: Fraction, events: list[str]) -> str:
    if length == Fraction(1, 4) and writer.chance(0.15):
        return _tuplet(writer, staff, voice, events)
    parts = _divided(writer, length)
    inner = "".join(_event(writer, staff, voice, part, events) for part in parts)
    beamed = len(parts) > 1 and max(parts) < Fraction(1, 4) and writer.chance(0.9)
    return f"<beam>{inner}</beam>" if beamed else inner


def _tuplet(writer: Writer, staff: int, voice: int | None, events: list[str]) -> str:
    number, base, value = ((3, 2, 8), (6, 4, 16), (5, 4, 16), (3, 2, 8))[writer.random.integers(4)]
    inner = "".join(_event(writer, staff, voice, Fraction(1, value), events) for _ in range(number))
    shown = f'num.visible="{str(writer.chance(0.6)).lower()}" bracket.visible="{str(writer.chance(0.4)).lower()}"'
    return f'<tuplet num="{number}" numbase="{base}" {shown}><beam>{inner}</beam></tuplet>'


def _divided(writer: Writer, length: Fraction) -> list[Fraction]:
    """``length`` in values that one note can have."""
    smallest = Fraction(1, 2**writer.shortest)
    if length / 2 < smallest or writer.chance(0.35 if length <= Fraction(1, 4) else 0.3):
        return [length]
    if length == Fraction(3, 8):
        third = Fraction(1, 8)
        halves = [third] * 3 if writer.chance(0.6) else [Fraction(1, 4), third][:: 1 if writer.chance(0.5) else -1]
        return [p for h in halves for p in (_divided(writer, h) if h == third else [h])]
    if writer.chance(0.25) and length / 4 >= smallest:
        dotted = [length * 3 / 4, length / 4]
        return dotted[:: 1 if writer.chance(0.8) else -1]
    return [p for half in (length / 2, length / 2) for p in _divided(writer, half)]


def _value(length: Fraction) -> str:
    """As MEI writes a length of one note."""
    for value in _VALUES:
        for dots, share in enumerate((Fraction(1), Fraction(3, 2), Fraction(7, 4))):
            if length == share / value:
                return f'dur="{value}" dots="{dots}"' if dots else f'dur="{value}"'
    raise ValueError(f"no note is {length} long")


def _event(writer: Writer, staff: int, voice: int | None, length: Fraction, events: list[str]) -> str:
    value, direction = _value(length), "" if voice is None else f'stem.dir="{("up", "down")[voice]}"'
    if writer.chance(0.12):
        writer.last = []
        return f'<rest xml:id="{writer.name()}" {value}/>'
    before, name = writer.last, writer.name()
    events.append(name)
    is_tied = bool(before) and writer.chance(0.12)
    steps = [step for _, step in before] if is_tied else _steps(writer, staff, voice)
    grace = _grace(writer, steps[0]) if writer.chance(0.04) and not is_tied else ""
    articulation = f' artic="{writer.random.choice(["stacc", "acc", "ten", "marc"])}"' if writer.chance(0.08) else ""
    writer.last = [(writer.name() if len(steps) > 1 else name, step) for step in steps]
    if is_tied:
        for (left, _), (right, _) in zip(before, writer.last, strict=True):
            writer.controls.append(f'<tie startid="#{left}" endid="#{right}"/>')
    about = f"{value} {direction}{articulation}"
    if len(steps) == 1:
        return f'{grace}<note xml:id="{name}" {about} {_pitch(writer, steps[0], is_tied)}/>'
    notes = "".join(f'<note xml:id="{n}" {_pitch(writer, s, is_tied)}/>' for n, s in writer.last)
    return f'{grace}<chord xml:id="{name}" {about}>{notes}</chord>'


def _steps(writer: Writer, staff: int, voice: int | None) -> list[int]:
    """Of a note or chord, in steps from C0."""
    random = writer.random
    centre = _MIDDLES[writer.clefs[staff]] + (0 if voice is None else (3, -3)[voice])
    lowest = round(random.normal(centre, 4.5 if voice is None else 3))
    size = int(random.choice([1, 1, 1, 2, 2, 3, 4] if voice is None else [1, 1, 1, 2]))
    return [min(max(lowest + int(d), 6), 58) for d in np.cumsum([0, *random.integers(1, 4, size - 1)])]


def _grace(writer: Writer, step: int) -> str:
    kind = 'stem.mod="1slash"' if writer.chance(0.5) else ""
    notes = [
        f'<note xml:id="{writer.name()}" grace="unacc" stem.dir="up" {kind} dur="{writer.random.choice([8, 16])}" '
        f"{_pitch(writer, step + int(writer.random.integers(-2, 3)))}/>"
        for _ in range(writer.random.choice([1, 1, 2, 3]))
    ]
    return notes[0] if len(notes) == 1 else f"<beam>{''.join(notes)}</beam>"


def _pitch(writer: Writer, step: int, is_tied: bool = False) -> str:
    accidental = ""
    if writer.chance(writer.busy) and not is_tied:
        accidental = f' accid="{writer.random.choice(_ACCIDENTALS, p=[0.3, 0.3, 0.3, 0.05, 0.05])}"'
    return f'pname="{_STEPS[step % 7]}" oct="{step // 7}"{accidental}'


def _over(writer: Writer, staff: int, events: Sequence[str]) -> None:
    """Ties, slurs, octave signs, words, fingers and ornaments over what has been written of a measure."""
    at = f'staff="{staff + 1}"'
    if len(events) >= 2 and writer.chance(0.35):
        a, b = sorted(writer.random.choice(len(events), 2, replace=False))
        writer.controls.append(f'<slur startid="#{events[a]}" endid="#{events[b]}" {at}/>')
    if len(events) >= 2 and writer.chance(0.08):
        place = "above" if writer.chance(0.7) else "below"
        a, b = sorted(writer.random.choice(len(events), 2, replace=False))
        ends = f'startid="#{events[a]}" endid="#{events[b]}"'
        writer.controls.append(f'<octave {ends} {at} dis="8" dis.place="{place}"/>')
    if events and writer.chance(0.3):
        name = events[int(writer.random.integers(len(events)))]
        kind = writer.random.integers(5)
        words = writer.random.choice(_WORDS)
        texts = (
            f'<dynam {at} startid="#{name}">{writer.random.choice(["p", "f", "mf", "pp", "sf", "ff"])}</dynam>',
            f'<dir {at} startid="#{name}" place="above">{words}</dir>',
            f'<trill {at} startid="#{name}"/>',
            f'<mordent {at} startid="#{name}"/>',
            f'<fing {at} startid="#{name}" place="above">{writer.random.integers(1, 6)}</fing>',
        )
        writer.controls.append(texts[kind])
