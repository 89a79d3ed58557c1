"""Getting a MusicXML score ready for engraving: read it, give it a plain heading, a tempo and note ids."""

import re
import xml.etree.ElementTree as ET  # scores come from an installed package or the user
import zipfile
from pathlib import Path

from scorebench.errors import DataError

DEFAULT_TEMPO_BPM = 80.0
"""Quarter notes a minute where a score states no tempo and nobody chose one for it."""


def read_score(path: Path) -> str:
    """The text of a score file: MusicXML as it is or compressed (.mxl), or another plain text format.

    Raises:
        DataError: the file is missing or not a score.
    """
    try:
        if path.suffix != ".mxl":
            return path.read_text(encoding="utf-8")
        with zipfile.ZipFile(path) as archive:
            container = archive.read("META-INF/container.xml").decode()
            found = re.search(r'full-path="([^"]+)"', container)
            if found is None:
                raise DataError(f"{path}: the archive names no score inside it; get the file again")
            return _plain(archive.read(found[1]))
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile, ET.ParseError) as error:
        raise DataError(f"{path}: not a readable score ({error}); install its package again") from error


def _plain(content: bytes) -> str:
    """Decoded as the XML declaration says, written without one."""
    return ET.tostring(ET.fromstring(content), encoding="unicode")  # noqa: S314


def parse(text: str, source: str) -> ET.Element:
    """The root of a partwise MusicXML score.

    Raises:
        DataError: ``text`` is not one; ``source`` is named.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise DataError(f"{source}: not MusicXML ({error}); choose another score") from error
    if root.tag != "score-partwise" or root.find("part/measure") is None:
        raise DataError(f"{source}: not a partwise MusicXML score; export it again as score-partwise")
    return root


def prepare(text: str, title: str, composer: str, tempo_bpm: float | None = None) -> str:
    """A score whose page shows the music under title and composer, with a tempo from its first bar and note ids.

    The tempo is ``tempo_bpm`` (quarter notes a minute), or the first that the score states, moved to the
    beginning, or ``DEFAULT_TEMPO_BPM``. With ``tempo_bpm`` the score's own tempos are dropped.
    """
    root = parse(text, title)
    _head(root, title, composer)
    _undress(root)
    _set_tempo(root, tempo_bpm)
    for number, note in enumerate(root.iter("note")):
        if "id" not in note.attrib:
            note.set("id", f"n{number:05d}")
    return ET.tostring(root, encoding="unicode")


def _head(root: ET.Element, title: str, composer: str) -> None:
    """Replace whatever is printed around the music: credits overlap, and name editors and presses."""
    for tag in ("credit", "work", "movement-title", "movement-number", "identification"):
        for element in root.findall(tag):
            root.remove(element)
    heading = [_credit(title, "center", "top", "18", 1600), _credit(composer, "right", "bottom", "11", 1540)]
    before = next(i for i, element in enumerate(root) if element.tag in ("part-list", "part"))
    root[before:before] = heading


def _credit(text: str, justify: str, valign: str, size: str, height: int) -> ET.Element:
    credit = ET.Element("credit", page="1")
    style = {"justify": justify, "valign": valign, "font-size": size, "default-x": "600", "default-y": str(height)}
    ET.SubElement(credit, "credit-words", style).text = text
    return credit


def _undress(root: ET.Element) -> None:
    """Take off what is not the player's: sung words, names of parts, and metronome marks.

    A metronome mark is drawn with a note of the music font inside a line of text, which CairoSVG cannot do.
    """
    for note in root.iter("note"):
        for lyric in note.findall("lyric"):
            note.remove(lyric)
    for direction in root.iter("direction"):
        for kind in direction.findall("direction-type"):
            if kind.find("metronome") is not None:
                kind[:] = [ET.Element("words")]  # a direction must keep a type to carry its sound
        words = list(direction.iter("words"))
        if re.search(r"\(\s*\)", "".join(w.text or "" for w in words)):  # parentheses that held a mark
            for word in words:
                word.text = (word.text or "").replace("(", "").replace(")", "").rstrip()
    for part in root.iter("score-part"):
        for name in (e for tag in ("part-name", "part-abbreviation") for e in part.findall(tag)):
            name.text = ""


def _set_tempo(root: ET.Element, tempo_bpm: float | None) -> None:
    stated = [float(s.get("tempo", "0")) for s in root.iter("sound") if s.get("tempo")]
    if tempo_bpm is not None:
        for sound in root.iter("sound"):
            sound.attrib.pop("tempo", None)
    first = root.find("part/measure")
    if first is None:
        return
    direction = ET.Element("direction")
    ET.SubElement(ET.SubElement(direction, "direction-type"), "words")
    ET.SubElement(direction, "sound", tempo=f"{tempo_bpm or (stated or [DEFAULT_TEMPO_BPM])[0]:g}")
    attributes = first.find("attributes")
    first.insert(0 if attributes is None else list(first).index(attributes) + 1, direction)
