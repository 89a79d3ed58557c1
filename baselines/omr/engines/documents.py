"""Read MusicXML that a program wrote, plain or zipped (.mxl), as one reads what a stranger sends.

Nothing is unpacked to disk, so that no name inside an archive can point anywhere; sizes are checked while reading;
entities are refused, and nothing outside the file is ever fetched.
"""

import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers import expat

from scorebench.errors import DataError

MAX_BYTES = 64 << 20
"""No page of music is as long, unpacked."""
MAX_DEPTH = 100
"""Elements inside elements; MusicXML needs about 12."""
_CONTAINER = "META-INF/container.xml"


def read_document(path: Path) -> ET.Element:
    """The root of the MusicXML score in ``path``.

    Raises:
        DataError: missing, damaged, too large, not a partwise score, or with entities in it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if content.startswith(b"PK"):
            content = _unzipped(path)
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:  # as zipfile raises
        raise DataError(f"{path.name}: cannot be read ({error}); the program that wrote it went wrong") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{path.name}: larger than {MAX_BYTES >> 20} MiB; this is no page of music")
    root = parse(content, path.name)
    if root.tag != "score-partwise":
        raise DataError(f"{path.name}: holds a {root.tag}, not a score-partwise; let the program write partwise scores")
    return root


def _unzipped(path: Path) -> bytes:
    """The score inside a .mxl."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if _CONTAINER in names:
            rootfile = parse(_member(archive, _CONTAINER), path.name).find(".//{*}rootfile")
            score = "" if rootfile is None else rootfile.get("full-path", "")
        else:
            score = next((name for name in sorted(names) if name.endswith((".xml", ".musicxml"))), "")
        if score not in names:
            raise DataError(f"{path.name}: names no score inside it; the program that wrote it went wrong")
        return _member(archive, score)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of one member, never more than just above the limit, whatever size it claims."""
    with archive.open(name) as member:
        return member.read(MAX_BYTES + 1)


def parse(content: bytes, source: str) -> ET.Element:
    """The root element of ``content``.

    Raises:
        DataError: it is not XML, is too deep, or declares entities; ``source`` is named.
    """
    parser, builder = expat.ParserCreate(), ET.TreeBuilder()
    depth = 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise DataError(f"{source}: elements inside each other {depth} times; this is no MusicXML")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise DataError(f"{source}: declares entities, which MusicXML has no use for; refused")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)  # no DTD is fetched
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as error:  # LookupError: of an unknown encoding
        raise DataError(f"{source}: not XML ({error}); the program that wrote it went wrong") from error
