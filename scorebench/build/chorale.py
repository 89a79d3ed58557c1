"""A chorale in four parts as a keyboard player reads it: two staves, two voices on each."""

import copy
import xml.etree.ElementTree as ET  # built here, parsed by musicxml.parse

from scorebench.build.musicxml import parse
from scorebench.errors import DataError

_STEMS = ("up", "down", "up", "down")
_DROPPED = {"lyric", "staff", "voice", "stem"}
_POSITION = {"default-x", "default-y", "relative-x", "relative-y"}


def two_staves(text: str, source: str) -> str:
    """Soprano and alto on the upper staff, tenor and bass on the lower; words and dynamics are left out.

    Args:
        text: MusicXML with four parts of one voice each, bars of the same lengths.
        source: what to call it in an error.

    Raises:
        DataError: the score is not such a chorale.
    """
    root = parse(text, source)
    parts = root.findall("part")
    bars = [p.findall("measure") for p in parts]
    if len(parts) != 4 or len({len(b) for b in bars}) != 1:
        raise DataError(f"{source}: not four parts of equally many bars; choose another chorale")
    score = ET.Element("score-partwise", version="3.1")
    listed = ET.SubElement(ET.SubElement(score, "part-list"), "score-part", id="P1")
    ET.SubElement(listed, "part-name")
    part = ET.SubElement(score, "part", id="P1")
    for number, voices in enumerate(zip(*bars, strict=True)):
        part.append(_bar(list(voices), f"{source}, bar {number + 1}", first=number == 0))
    return ET.tostring(score, encoding="unicode")


def _bar(voices: list[ET.Element], source: str, first: bool) -> ET.Element:
    keep = {k: v for k, v in voices[0].attrib.items() if k in ("number", "implicit")}
    bar = ET.Element("measure", keep)
    attributes = _attributes(voices, first)
    if attributes is not None:
        bar.append(attributes)
    lengths = [sum(_length(n) for n in v.findall("note")) for v in voices]
    if len(set(lengths)) != 1 or any(v.find("backup") is not None for v in voices):
        raise DataError(f"{source}: its four voices are not equally long; choose another chorale")
    bar.extend(copy.deepcopy(b) for b in voices[0].findall("barline") if b.get("location") == "left")
    for index, voice in enumerate(voices):
        if index:
            ET.SubElement(ET.SubElement(bar, "backup"), "duration").text = str(lengths[0])
        bar.extend(_note(n, index) for n in voice.findall("note"))
    bar.extend(copy.deepcopy(b) for b in voices[0].findall("barline") if b.get("location") != "left")
    return bar


def _attributes(voices: list[ET.Element], first: bool) -> ET.Element | None:
    """The soprano's key and metre, with two clefs of our own."""
    stated = voices[0].find("attributes")
    if stated is None:
        return None
    attributes = ET.Element("attributes")
    for tag in ("divisions", "key", "time"):
        attributes.extend(copy.deepcopy(e) for e in stated.findall(tag))
    if first:
        ET.SubElement(attributes, "staves").text = "2"
        for number, (sign, line) in enumerate((("G", "2"), ("F", "4")), start=1):
            clef = ET.SubElement(attributes, "clef", number=str(number))
            ET.SubElement(clef, "sign").text = sign
            ET.SubElement(clef, "line").text = line
    return attributes


def _length(note: ET.Element) -> int:
    if note.find("chord") is not None or note.find("grace") is not None:
        return 0
    return int(note.findtext("duration", "0"))


def _note(note: ET.Element, voice: int) -> ET.Element:
    """One note of voice 0 (soprano) to 3 (bass) in its staff, stems apart; fermatas stay on the outer voices."""
    out = ET.Element("note", {k: v for k, v in note.attrib.items() if k not in _POSITION})
    out.extend(copy.deepcopy(e) for e in note if e.tag not in _DROPPED)
    for notations in out.findall("notations"):
        for fermata in notations.findall("fermata") if voice in (1, 2) else []:
            notations.remove(fermata)
    # the schema wants: duration, tie, voice, type, dot, accidental, time-modification, stem, notehead, staff, ...
    before = next((i for i, e in enumerate(out) if e.tag in _AFTER_VOICE), len(out))
    out.insert(before, _element("voice", str(voice + 1)))
    before = next((i for i, e in enumerate(out) if e.tag in _AFTER_STAFF), len(out))
    tail = [] if out.find("rest") is not None else [_element("stem", _STEMS[voice])]
    out[before:before] = [*tail, _element("staff", str(1 + voice // 2))]
    return out


_AFTER_STAFF = {"beam", "notations"}
_AFTER_VOICE = {"type", "dot", "accidental", "time-modification", "notehead", *_AFTER_STAFF}


def _element(tag: str, text: str) -> ET.Element:
    element = ET.Element(tag)
    element.text = text
    return element
