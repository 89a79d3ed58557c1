"""A few bars of a longer MusicXML score, as a score of their own: one variation out of a set."""

import copy
import xml.etree.ElementTree as ET  # scores of sources that the user named

from scorebench.build.musicxml import parse
from scorebench.errors import DataError

_LASTING = ("divisions", "key", "time", "staves", "clef", "transpose")
"""What an <attributes> element says until another one says otherwise, in the order that MusicXML asks for."""


def bars_between(text: str, first: str, last: str, source: str) -> str:
    """The score ``text`` from the bar numbered ``first`` to that numbered ``last``, clefs and keys carried over.

    Raises:
        DataError: it is no partwise score of one part, or has no such bars; ``source`` is named.
    """
    root = parse(text, source)
    parts = root.findall("part")
    measures = parts[0].findall("measure")
    numbers = [m.get("number", "") for m in measures]
    if len(parts) != 1 or first not in numbers or last not in numbers:
        raise DataError(f"{source}: not one part with bars numbered {first} and {last}; get the source again")
    start, stop = numbers.index(first), numbers.index(last)
    lasting = _in_force(measures[:start])
    for index, measure in enumerate(measures):
        if not start <= index <= stop:
            parts[0].remove(measure)
    _put(lasting, measures[start])
    return ET.tostring(root, encoding="unicode")


def _in_force(measures: list[ET.Element]) -> dict[tuple[str, str], ET.Element]:
    """(kind, staff) -> the last element of that kind."""
    found: dict[tuple[str, str], ET.Element] = {}
    for attributes in (a for m in measures for a in m.findall("attributes")):
        for element in attributes:
            if element.tag in _LASTING:
                found[element.tag, element.get("number", "")] = element
    return found


def _put(lasting: dict[tuple[str, str], ET.Element], measure: ET.Element) -> None:
    """Say at the beginning of ``measure`` what is in force there; what it says itself comes first."""
    own = measure[0] if len(measure) and measure[0].tag in ("print", "attributes", "barline") else None
    head = next((e for e in measure if e.tag in ("attributes", "note", "backup")), None)
    if head is not None and head.tag == "attributes":
        for element in head:
            lasting[element.tag, element.get("number", "")] = element
        measure.remove(head)
    merged = ET.Element("attributes")
    order = {tag: place for place, tag in enumerate(_LASTING)}
    for (tag, _), element in sorted(lasting.items(), key=lambda item: (order.get(item[0][0], 99), item[0][1])):
        if tag in order:
            merged.append(copy.deepcopy(element))
    measure.insert(0 if own is None or own.tag == "attributes" else 1, merged)
