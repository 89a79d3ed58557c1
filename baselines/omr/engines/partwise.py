"""From a partwise MusicXML score to rows: heads with times in their measures, and measures with what the print says.

Positions stay in tenths of MusicXML (40 to a staff) where the score has them; ``placing`` puts rows on the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from baselines.omr.engines.clefs import USUAL_LINE, Clef
from scorebench.errors import DataError
from scorebench.omr import pitch_of

_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


@dataclass(frozen=True)
class Head:
    """One notehead. ``staff`` counts over all parts from the top; ``onset`` from the beginning of its measure.

    Attributes:
        x_tenths: its left edge from the left of its measure, or None.
        below_top_tenths: its centre from the top line of its staff.
    """

    staff: int
    voice: str
    spelling: str
    onset: Fraction
    length: Fraction
    tied: bool
    x_tenths: float | None
    below_top_tenths: float


@dataclass
class Bar:
    """One measure over all parts.

    Attributes:
        new_system: whether a line begins with it.
        prints: what ``<print>`` and ``width`` say, by part.
    """

    heads: list[Head] = field(default_factory=list)
    length: Fraction = Fraction(0)
    new_system: bool = False
    beats: int = 4
    beat_type: int = 4
    fifths: int = 0
    repeat_begins: bool = False
    repeat_ends: bool = False
    clefs: dict[int, Clef] = field(default_factory=dict)
    prints: dict[int, tuple[float | None, Element | None]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it takes no time and holds no note."""
        return self.length == 0 and not self.heads


@dataclass
class _State:
    """What is in force in one part."""

    first_staff: int
    staves: int
    divisions: int = 1
    clefs: dict[int, Clef] = field(default_factory=dict)
    signature: tuple[int, int, int] = (4, 4, 0)


@dataclass(frozen=True)
class Sheet:
    """A score, in measures.

    Attributes:
        bars: all measures, also empty ones, which take room.
        part_staves: how many staves each part has.
        defaults: the ``<defaults>`` of the score, or None.
    """

    bars: list[Bar]
    part_staves: list[int]
    defaults: Element | None


def read_sheet(root: Element, source: str) -> Sheet:
    """The measures of a partwise score.

    Raises:
        DataError: something in it is not what MusicXML says; ``source`` is named.
    """
    try:
        return _read(root)
    except (DataError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise DataError(f"{source}: not sound MusicXML ({error}); the program that wrote it went wrong") from error


def _read(root: Element) -> Sheet:
    parts = root.findall("part")
    part_staves = [_staves(part) for part in parts]
    bars = [Bar() for _ in range(max((len(part.findall("measure")) for part in parts), default=0))]
    for number, part in enumerate(parts):
        state = _State(sum(part_staves[:number]), part_staves[number])
        for bar, measure in zip(bars, part.findall("measure"), strict=False):
            _read_measure(measure, bar, state, number)
    return Sheet(bars, part_staves, root.find("defaults"))


def without_empty(bars: Iterable[Bar]) -> list[Bar]:
    """Those of ``bars`` that take time; a line that begins with an empty one begins with the next."""
    kept, new_system = [], False
    for bar in bars:
        new_system = new_system or bar.new_system
        if not bar.empty:
            kept.append(replace(bar, new_system=new_system))
            new_system = False
    return kept


def _staves(part: Element) -> int:
    told = [int(_text(e)) for e in part.iter("staves")]
    used = [int(_text(e)) for e in part.iterfind("measure/note/staff")]
    return max([1, *told, *used])


def _text(element: Element | None, default: str = "") -> str:
    return default if element is None or element.text is None else element.text.strip()


def _read_measure(measure: Element, bar: Bar, state: _State, part: int) -> None:
    bar.prints[part] = (_number(measure.get("width")), measure.find("print"))
    breaks = [p.get(name) for p in measure.iterfind("print") for name in ("new-system", "new-page")]
    bar.new_system = bar.new_system or "yes" in breaks
    repeats = [repeat.get("direction") for repeat in measure.iterfind("barline/repeat")]
    bar.repeat_begins = bar.repeat_begins or "forward" in repeats
    bar.repeat_ends = bar.repeat_ends or "backward" in repeats
    at = before = Fraction(0)
    opened = False  # clefs in force where the measure begins are those before its first note
    for element in measure:
        if element.tag == "attributes":
            _read_attributes(element, state)
        elif element.tag in ("backup", "forward"):
            at += _length(element, state) * (1 if element.tag == "forward" else -1)
            if at < 0:
                raise ValueError("a backup leads to before its measure")
        elif element.tag == "note":
            if not opened:
                _open(bar, state, part)
                opened = True
            onset = before if element.find("chord") is not None else at
            before, at = onset, max(at, onset) if element.find("grace") is not None else onset + _length(element, state)
            _read_note(element, bar, state, onset)
        bar.length = max(bar.length, at)
    if not opened:
        _open(bar, state, part)


def _open(bar: Bar, state: _State, part: int) -> None:
    """Write down what is in force where the measure begins."""
    if part == 0:
        bar.beats, bar.beat_type, bar.fifths = state.signature
    for staff in range(state.staves):
        bar.clefs[state.first_staff + staff] = state.clefs.get(staff, Clef())


def _read_attributes(attributes: Element, state: _State) -> None:
    beats, beat_type, fifths = state.signature
    if attributes.find("divisions") is not None:
        state.divisions = int(float(_text(attributes.find("divisions"))))
        if state.divisions < 1:
            raise ValueError(f"{state.divisions} divisions a quarter")
    if attributes.find("key/fifths") is not None:
        fifths = max(-7, min(7, int(_text(attributes.find("key/fifths")))))
    if attributes.find("time/beats") is not None:
        beats = sum(int(word) for word in _text(attributes.find("time/beats")).split("+"))
        beat_type = int(_text(attributes.find("time/beat-type")))
        if beats < 1 or beat_type < 1:
            raise ValueError(f"a time signature of {beats}/{beat_type}")
    state.signature = (beats, beat_type, fifths)
    for clef in attributes.iterfind("clef"):
        sign = _text(clef.find("sign"), "G")
        if sign in USUAL_LINE:
            line = int(_text(clef.find("line"), str(USUAL_LINE[sign])))
            octaves = int(_text(clef.find("clef-octave-change"), "0"))
            state.clefs[int(clef.get("number", "1")) - 1] = Clef(sign, line, octaves)


def _length(element: Element, state: _State) -> Fraction:
    length = Fraction(_text(element.find("duration"), "0")) / state.divisions
    if length < 0:
        raise ValueError(f"a duration of {length} quarters")
    return length


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _read_note(note: Element, bar: Bar, state: _State, onset: Fraction) -> None:
    pitch = note.find("pitch")
    if pitch is None or note.find("cue") is not None:  # a rest, or nobody's
        return
    staff = int(_text(note.find("staff"), "1")) - 1
    step, octave = _text(pitch.find("step")), int(_text(pitch.find("octave")))
    alter = round(float(_text(pitch.find("alter"), "0")))
    if alter not in _SIGNS:
        raise ValueError(f"a {step} altered by {alter} semitones")
    spelling = f"{step}{_SIGNS[alter]}{octave}"
    pitch_of(spelling)  # refuses what is no pitch
    bar.heads.append(
        Head(
            state.first_staff + staff,
            _text(note.find("voice"), "1"),
            spelling,
            onset,
            Fraction(0) if note.find("grace") is not None else _length(note, state),
            _stops(note.iterfind("tie")),
            _number(note.get("default-x")),
            state.clefs.get(staff, Clef()).below_top_tenths(step, octave),
        )
    )


def _stops(ties: Iterable[Element]) -> bool:
    return any(tie.get("type") == "stop" for tie in ties)
