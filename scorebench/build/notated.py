"""When the notes of a score are written to sound: its time without its grace notes, which have none of their own.

A pianist plays a grace note before the beat, on it, or somewhere between; engravers' playback rules guess. Here the
score positions are those of the full-size notes, and grace notes are kept aside: they sound, they are printed, but
they are no score positions.
"""

import xml.etree.ElementTree as ET  # scores that Verovio has read already
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scorebench.build.engrave import open_score, sounding_notes

_MEI = "{http://www.music-encoding.org/ns/mei}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True)
class Notated:
    """The time of a score, in seconds at its one tempo, played straight through.

    Attributes:
        onset_s, end_s: note id -> when it begins and ends; tied notes once, at the first.
        bar: note id -> index of its bar, counted from 0 in the order of the page.
        bar_start_s: (bars + 1,) when each bar begins; last of all the end of the score.
        graces: note id -> ids of the grace notes written before it, chords of them together, in order.
        grace_pitch: grace note id -> MIDI number.
    """

    onset_s: Mapping[str, float]
    end_s: Mapping[str, float]
    bar: Mapping[str, int]
    bar_start_s: tuple[float, ...]
    graces: Mapping[str, tuple[tuple[str, ...], ...]]
    grace_pitch: Mapping[str, int]


def read_notated(score: str, piece: str, tempo_bpm: float) -> Notated:
    """The time of a MusicXML ``score`` whose notes all have ids, at ``tempo_bpm`` quarter notes a minute.

    Raises:
        DataError: Verovio cannot read it.
        MissingDependencyError: Verovio is not installed.
    """
    root = ET.fromstring(score)  # noqa: S314  # as above
    graces = {main: tuple(groups) for main, groups in _graces(root)}
    pitch = {n.get("id", ""): _pitch(n) for n in root.iter("note") if n.find("grace") is not None}
    for measure in root.iter("measure"):
        for note in [n for n in measure.findall("note") if n.find("grace") is not None]:
            measure.remove(note)
    toolkit = open_score(ET.tostring(root, encoding="unicode"), piece)
    quarter_s = 60 / tempo_bpm
    sounding = sounding_notes(toolkit)
    bar, starts = _bars(toolkit)
    ends = {name: float(note.end) * quarter_s for name, note in sounding.items()}
    return Notated(
        {name: float(note.onset) * quarter_s for name, note in sounding.items()},
        ends,
        bar,
        (*(start * quarter_s for start in starts), max(ends.values(), default=0.0)),
        graces,
        pitch,
    )


def _bars(toolkit: Any) -> tuple[dict[str, int], list[float]]:
    """Note id -> index of its bar, and where each bar begins, in quarter notes."""
    mei = ET.fromstring(toolkit.getMEI())  # noqa: S314  # our own engraver's output
    measures = list(mei.iter(f"{_MEI}measure"))
    bar = {note.get(_XML_ID, ""): i for i, m in enumerate(measures) for note in m.iter(f"{_MEI}note")}
    marks = toolkit.renderToTimemap({"includeMeasures": True})
    begins = {entry["measureOn"]: float(entry["qstamp"]) for entry in marks if "measureOn" in entry}
    starts: list[float] = []
    for measure in measures:
        starts.append(begins.get(measure.get(_XML_ID, ""), starts[-1] if starts else 0.0))
    return bar, starts


def _pitch(note: ET.Element) -> int:
    """MIDI number of a written note."""
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[note.findtext("pitch/step", "C")]
    alter = round(float(note.findtext("pitch/alter", "0")))
    return 12 * (int(note.findtext("pitch/octave", "4")) + 1) + step + alter


def _graces(root: ET.Element) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Each note that has grace notes before it, and those."""
    waiting: dict[str, list[tuple[str, ...]]] = {}
    for note in root.iter("note"):
        voice, name, chord = note.findtext("voice", ""), note.get("id", ""), note.find("chord") is not None
        if note.find("grace") is not None:
            if note.get("print-object") == "no" or note.find("cue") is not None:
                continue
            groups = waiting.setdefault(voice, [])
            if chord and groups:
                groups[-1] = (*groups[-1], name)
            else:
                groups.append((name,))
        elif not chord and note.find("rest") is None and voice in waiting:
            yield name, waiting.pop(voice)
