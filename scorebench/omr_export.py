"""What was read, as a score: MusicXML or MIDI, written by music21."""

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from scorebench.errors import UsageError
from scorebench.files import write_atomic, write_bytes
from scorebench.omr import Reading, rows_of, split_spelling
from scorebench.omr_playing import sounding
from scorebench.omr_signs import music21_module, put_signs
from scorebench.omr_voices import Chord, Lane, Value, chords_of, lanes_of, quarters, values_of

FORMATS = {".musicxml": "musicxml", ".xml": "musicxml", ".mid": "midi", ".midi": "midi"}
"""What can be written, by the ending of the file's name."""
_DATE = re.compile(rb"\s*<encoding-date>[^<]*</encoding-date>")
_GRACE = Value(Fraction(1, 2), 0, 1, 1)


def format_of(path: Path) -> str:
    """The format that the name of ``path`` asks for.

    Raises:
        UsageError: none that can be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: a score is written as {', '.join(FORMATS)}; choose such an ending")
    return FORMATS[path.suffix.lower()]


def write_score(reading: Reading, path: Path) -> None:
    """Write ``reading`` to ``path``, whose ending says the format.

    Raises:
        UsageError: no such format.
        MissingDependencyError: music21 is not installed.
        ScorebenchError: the file cannot be written.
    """
    if format_of(path) == "midi":
        keys = _keys(reading)
        write_atomic(path, lambda temporary: keys.write("midi", fp=str(temporary)))
        return
    exporter = music21_module("musicxml.m21ToXml").GeneralObjectExporter(to_music21(reading))
    exporter.makeNotation = False  # it would cut notes where it finds that they are read more easily
    write_bytes(path, _DATE.sub(b"", exporter.parse()))  # the same reading, the same bytes


def to_music21(reading: Reading) -> Any:
    """``reading`` as a music21 ``Score``: a part for each staff, measures as they were read.

    Systems begin where they do on the page. A staff's notes that overlap are put into voices; where a voice is silent
    it has rests, hidden in all but the first. A measure is as long as it was read, whatever its time signature says.

    Raises:
        MissingDependencyError: music21 is not installed.
    """
    staves = max((clefs.count(",") + 1 for clefs in reading.measures["clefs"]), default=0)
    beginnings = _tie_beginnings(reading.notes)
    score, stream = music21_module("stream").Score(), music21_module("stream")
    score.metadata = music21_module("metadata").Metadata(movementName="", composer="")
    rows = reading.notes.assign(begins_tie=beginnings)
    parts = []
    for staff in range(staves):
        part = stream.PartStaff() if staves > 1 else stream.Part()
        part.insert(0, _piano(staff))
        _fill_part(part, rows[rows["staff"] == staff], reading.measures, staff)
        _finish(part)
        parts.append(part)
        score.insert(0, part)
    if staves > 1:
        score.insert(0, music21_module("layout").StaffGroup(parts, symbol="brace", barTogether=True))
    return score


def _keys(reading: Reading) -> Any:
    """What a pianist strikes, a part for each staff, to be written as MIDI."""
    stream, note = music21_module("stream"), music21_module("note")
    played = sounding(reading)
    begin = min(played["onset_quarters"].min(), 0.0)
    score = stream.Score()
    for staff in sorted(set(played["staff"])):
        part = stream.Part()
        part.insert(0, _piano(staff))
        for row in rows_of(played[played["staff"] == staff]):
            part.insert(row.onset_quarters - begin, note.Note(row.pitch, quarterLength=row.duration_quarters))
        score.insert(0, part)
    return score


def _piano(staff: int) -> Any:
    piano = music21_module("instrument").Piano()
    piano.partId = piano.instrumentId = f"P{staff + 1}"  # or else music21 draws them by lot
    return piano


def _tie_beginnings(notes: pd.DataFrame) -> pd.Series:
    """Which rows of ``notes`` are held on by a tied note: of its pitch, ending where it begins; nearest staff first."""
    begins = pd.Series(False, index=notes.index)
    ends = [quarters(o) + quarters(d) for o, d in zip(notes["onset_quarters"], notes["duration_quarters"], strict=True)]
    by_end: dict[tuple[int, Fraction], list[int]] = {}
    for at, (pitch, end, length) in enumerate(zip(notes["pitch"], ends, notes["duration_quarters"], strict=True)):
        if length > 0:
            by_end.setdefault((pitch, end), []).append(at)
    for row in rows_of(notes[notes["tied"]]):
        free = [at for at in by_end.get((row.pitch, quarters(row.onset_quarters)), []) if not begins[at]]
        if free:
            begins[min(free, key=lambda at: (abs(notes["staff"][at] - row.staff), at))] = True
    return begins


def _fill_part(part: Any, notes: pd.DataFrame, measures: pd.DataFrame, staff: int) -> None:
    stream, before = music21_module("stream"), None
    by_measure = dict(iter(notes.groupby("measure")))
    for row in rows_of(measures):
        measure = stream.Measure(number=row.measure + 1)
        if before is not None and before.system != row.system:
            measure.insert(0, music21_module("layout").SystemLayout(isNew=True))
        put_signs(measure, row, before, staff)
        chords = chords_of(by_measure.get(row.measure, notes.head(0)), quarters(row.onset_quarters))
        length, bar = quarters(row.duration_quarters), Fraction(4 * row.beats, row.beat_type)
        lanes = lanes_of(chords) or [Lane()]
        for number, lane in enumerate(lanes):
            into = measure if len(lanes) == 1 else stream.Voice(id=str(number + 1))
            _put_lane(into, lane.chords, length, bar, hidden=number > 0)
            if into is not measure:
                measure.insert(0, into)
        _shorten(measure, bar - length)
        part.append(measure)
        before = row


def _finish(part: Any) -> None:
    """Print accidentals, beams and tuplets."""
    part.makeAccidentals(inPlace=True)
    part.makeBeams(inPlace=True)
    for measure in part.getElementsByClass("Measure"):
        for lane in measure.voices or [measure]:
            music21_module("stream.makeNotation").makeTupletBrackets(lane, inPlace=True)


def _shorten(measure: Any, missing: Fraction) -> None:
    """Tell music21, which fills measures with rests, of one that is shorter than its time signature."""
    if missing > 0 and measure.number == 1:
        measure.paddingLeft = missing
    elif missing > 0:
        measure.paddingRight = missing


def _put_lane(into: Any, chords: Iterable[Chord], length: Fraction, bar: Fraction, hidden: bool) -> None:
    """Put ``chords`` one after another, with rests where nothing sounds, up to ``length``.

    Args:
        bar: quarters of a bar of the time signature.
    """
    at = Fraction(0)
    for chord in chords:
        _put_rests(into, at, chord.onset, bar, hidden)
        at = max(at, _put_chord(into, chord))
    _put_rests(into, at, length, bar, hidden)


def _put_rests(into: Any, begin: Fraction, end: Fraction, bar: Fraction, hidden: bool) -> None:
    for value in _rests(end - begin, bar) if end > begin else ():
        rest = music21_module("note").Rest(duration=_duration(value))
        rest.style.hideObjectOnPrint = hidden
        into.insert(begin, rest)
        begin += value.length


def _rests(length: Fraction, bar: Fraction) -> Iterable[Value]:
    """Values of rests that last ``length``.

    One of a whole note or more is read as one of a bar, however long that is: where a bar is not as long, it is cut.
    """
    for value in values_of(length):
        if value.length in (4, 8) and value.dots == 0 and value.length != bar:
            yield from [Value(Fraction(2), 0, 1, 1)] * int(value.length / 2)
        else:
            yield value


def _put_chord(into: Any, chord: Chord) -> Fraction:
    """Write ``chord``, as tied notes where no note value is as long; gives its end."""
    if not chord.length:
        into.insert(chord.onset, _note(chord.heads[0], _GRACE, chord.heads[0].tied, False).getGrace())
        return chord.onset
    at, values = chord.onset, values_of(chord.length)
    for number, value in enumerate(values):
        last = number == len(values) - 1
        notes = [_note(h, value, h.tied or number > 0, h.begins_tie or not last) for h in chord.heads]
        whole = notes[0] if len(notes) == 1 else music21_module("chord").Chord(notes, duration=_duration(value))
        into.insert(at, whole)
        at += value.length
    return at


def _duration(value: Value) -> Any:
    module = music21_module("duration")
    duration = module.Duration(type=module.quarterLengthToClosestType(value.plain)[0], dots=value.dots)
    if value.actual > 1:
        duration.appendTuplet(module.Tuplet(value.actual, value.normal, durationType=duration.type))
    return duration


def _note(head: Any, value: Value, held: bool, holds_on: bool) -> Any:
    """One notehead; ``held`` by a tie from the left, ``holds_on`` by one to the right."""
    step, alter, octave = split_spelling(head.spelling)
    pitch = music21_module("pitch").Pitch(step=step, accidental=alter or None, octave=octave)
    note = music21_module("note").Note(pitch, duration=_duration(value))
    if held or holds_on:
        note.tie = music21_module("tie").Tie("continue" if held and holds_on else "stop" if held else "start")
    return note
