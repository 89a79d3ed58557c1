"""What the sources' scores print beside the music, and a player's edition would not: taken off before engraving."""

import re
import xml.etree.ElementTree as ET  # scores of sources that the user named

from scorebench.build.musicxml import parse

_FOOTNOTE = re.compile(r"\s*\d\)|\s*M\.\s?M\.\s*$|[\ue000-\uf8ff]")
"""Signs of footnotes, metronomes and music fonts within a direction."""

_TITLE = re.compile(r"\d(?!.*tempo)|^(so|i|ii|r|pedal)$|sonate|haydn|mozart|schumann|kreisleriana|^- *$", re.IGNORECASE)
"""Titles, opus numbers, years and fingerings that the transcribers wrote as directions; but "1o Tempo" stays."""


def tidy(text: str, source: str) -> str:
    """The score ``text`` on as many staves as it has, without harmonic analysis and titles among its directions.

    A score whose notes name a second staff while it declares none would be engraved on one.

    Raises:
        DataError: it is not a partwise MusicXML score; ``source`` is named.
    """
    root = parse(text, source)
    for measure in root.iter("measure"):
        for analysis in measure.findall("harmony"):
            measure.remove(analysis)
    for words in root.iter("words"):
        said = _FOOTNOTE.sub("", words.text or "")
        words.text = "" if _TITLE.search(said.strip()) else said
    _declare_staves(root)
    return ET.tostring(root, encoding="unicode")


def _declare_staves(root: ET.Element) -> None:
    for part in root.findall("part"):
        count = max((int(staff.text or "1") for staff in part.iter("staff")), default=1)
        attributes = part.find("measure/attributes")
        if count > 1 and attributes is not None and part.find("measure/attributes/staves") is None:
            before = [i for i, e in enumerate(attributes) if e.tag in ("divisions", "key", "time")]
            staves = ET.Element("staves")
            staves.text = str(count)
            attributes.insert(before[-1] + 1 if before else 0, staves)
