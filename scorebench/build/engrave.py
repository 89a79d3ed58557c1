"""A score to pages and notes: Verovio draws, and says when each note sounds.

Every note is tied to its notehead by construction: the drawing carries the ids of the notes, and so does the
timing. Nothing is aligned afterwards. Conventions, as in MSMD: the score is played straight through (repeats,
voltas and da capos are printed, not played); tied notes sound once, at the first head; ornaments and tremolos
sound as the one note that is printed; an arpeggiated chord begins at once; grace notes are played as Verovio plays
them, those with a slash in 29 ms, others in half of the note that follows, and are score positions of their own.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.build.svg import DrawnSystem, read_page
from scorebench.errors import DataError
from scorebench.score import BAR_COLUMNS, PRINTED_COLUMNS, SYSTEM_COLUMNS, Page, as_table

PAGE_WIDTH_PX, PAGE_HEIGHT_PX = 835, 1181
"""A4 at 101 dpi, as the pages of MSMD."""

OVERSAMPLING = 2
"""Pages are drawn this much larger, then averaged down: thin staff lines stay even."""

OPTIONS: Mapping[str, Any] = {
    "xmlIdSeed": 1,  # ids, and with them every file, are the same at every build
    "pageWidth": PAGE_WIDTH_PX * OVERSAMPLING,
    "pageHeight": PAGE_HEIGHT_PX * OVERSAMPLING,
    "pageMarginLeft": 80,  # 10 mm, LilyPond's default
    "pageMarginRight": 80,
    "pageMarginTop": 80,
    "pageMarginBottom": 80,
    "unit": 7,  # half a staff space: staves 28 px high, LilyPond's 20 pt
    "breaks": "auto",
    "justifyVertically": True,
    "expandNever": True,  # repeats are not played
    "header": "auto",
    "footer": "none",
    "svgViewBox": True,
    "midiNoCue": True,
}

_MEI = "{http://www.music-encoding.org/ns/mei}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True)
class Engraving:
    """A score as pages, and its notes as they are printed and meant.

    Attributes:
        piece: name given to the piece.
        pages: images (1181, 835) uint8 with systems and bars.
        notes: ``PRINTED_COLUMNS`` in playing order: every note that sounds and has a notehead. score_onset_s and
            score_duration_s are the deadpan performance, in seconds from the beginning of the score.
        left_out: ids of notes that the score plays but does not print; nobody can point at them.
    """

    piece: str
    pages: tuple[Page, ...]
    notes: pd.DataFrame
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sounding:
    """One note as the score means it, in quarter notes from the beginning."""

    onset: Fraction
    end: Fraction
    pitch: int


def engrave(score: str, piece: str) -> Engraving:
    """Engrave a score and tie each of its notes to its notehead.

    Args:
        score: the text of a MusicXML file (any format that Verovio recognises by itself will do).
        piece: name of the piece, put on its pages.

    Raises:
        DataError: the score cannot be read, or holds no notes.
        MissingDependencyError: Verovio or CairoSVG is not installed.
    """
    toolkit = open_score(score, piece)
    systems: list[DrawnSystem] = []
    pages: list[Page] = []
    for index in range(toolkit.getPageCount()):
        drawn = read_page(_draw(toolkit, index, boxes=True), PAGE_WIDTH_PX)
        tables = _tables(drawn, index, len(systems), sum(len(s.bars) for s in systems))
        pages.append(Page(piece, index, rasterise(_draw(toolkit, index, boxes=False)), *tables))
        systems += drawn
    system_page = np.concatenate([p.systems["page"].to_numpy() for p in pages])
    notes, left_out = _notes(toolkit, systems, system_page)
    if notes.empty:
        raise DataError(f"{piece}: the score has no notes; choose another")
    return Engraving(piece, tuple(pages), notes, left_out)


def open_score(score: str, piece: str) -> Any:
    """A Verovio toolkit holding ``score``, laid out in pages. Raises as ``engrave``."""
    from scorebench.build.needs import need

    verovio = need("verovio", "draws the pages")
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(dict(OPTIONS))
    if not toolkit.loadData(score) or toolkit.getPageCount() < 1:
        raise DataError(f"{piece}: Verovio cannot read this score; check that it is MusicXML")
    return toolkit


def rasterise(svg: str) -> NDArray[np.uint8]:
    """Draw one page: (1181, 835) uint8, 0 black, 255 white."""
    from PIL import Image

    from scorebench.build.needs import need

    cairosvg = need("cairosvg", "turns pages into pictures; it needs the cairo library")
    png = cairosvg.svg2png(
        bytestring=svg.encode(),
        output_width=PAGE_WIDTH_PX * OVERSAMPLING,
        output_height=PAGE_HEIGHT_PX * OVERSAMPLING,
        background_color="white",
    )
    large = Image.open(io.BytesIO(png)).convert("L")
    return np.asarray(large.resize((PAGE_WIDTH_PX, PAGE_HEIGHT_PX), Image.Resampling.BOX), np.uint8)


def _draw(toolkit: Any, index: int, boxes: bool) -> str:
    toolkit.setOptions({"svgBoundingBoxes": boxes})
    return str(toolkit.renderToSVG(index + 1))


def _tables(drawn: list[DrawnSystem], page: int, system: int, bar: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Systems and bars of one page; ``system`` and ``bar`` are the numbers of its first ones."""
    lines = [{"system": system + i, "page": page, **s.box.centred()} for i, s in enumerate(drawn)]
    boxes = [(system + i, b) for i, s in enumerate(drawn) for b in s.bars]
    bars = [{"bar": bar + i, "system": n, "page": page, **b.centred()} for i, (n, b) in enumerate(boxes)]
    return (
        as_table(pd.DataFrame(lines, columns=list(SYSTEM_COLUMNS)), SYSTEM_COLUMNS, "systems"),
        as_table(pd.DataFrame(bars, columns=list(BAR_COLUMNS)), BAR_COLUMNS, "bars"),
    )


def _notes(
    toolkit: Any, systems: list[DrawnSystem], system_page: NDArray[np.int64]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Printed notes in playing order, and the ids of those that sound without being printed."""
    sounding = sounding_notes(toolkit)
    heads = {name: (number, xy) for number, s in enumerate(systems) for name, xy in s.heads.items()}
    place = {onset: i for i, onset in enumerate(sorted({n.onset for k, n in sounding.items() if k in heads}))}
    clock = _Clock(toolkit)
    rows = []
    for name, note in sounding.items():
        if name not in heads:
            continue
        number, (x, y) = heads[name]
        start, end = clock.seconds(note.onset), clock.seconds(note.end)
        page, position = int(system_page[number]), place[note.onset]
        rows.append((name, page, number, position, note.pitch, x, y, start, end - start))
    table = pd.DataFrame(rows, columns=list(PRINTED_COLUMNS))
    table = table.sort_values(["position", "pitch", "note_id"], kind="stable")
    return as_table(table, PRINTED_COLUMNS, "notes"), tuple(sorted(sounding.keys() - heads.keys()))


def sounding_notes(toolkit: Any) -> dict[str, _Sounding]:
    """Note id -> when it sounds, for every note but tie continuations and cues."""
    import xml.etree.ElementTree as ET  # our own engraver's output

    mei = ET.fromstring(toolkit.getMEI())  # noqa: S314  # as above
    found: dict[str, _Sounding] = {}
    for note in mei.iter(f"{_MEI}note"):
        name = note.get(_XML_ID, "")
        times = toolkit.getTimesForElement(name)
        if not times.get("qfracOn") or note.get("cue") == "true":
            continue
        tied = Fraction(*times["qfracTiedDuration"][0])
        if tied < 0:  # Verovio's mark of a note that an earlier one is tied to
            continue
        onset, end = Fraction(*times["qfracOn"][0]), Fraction(*times["qfracOff"][0]) + tied
        found[name] = _Sounding(onset, end, int(toolkit.getMIDIValuesForElement(name)["pitch"]))
    for arpeggio in mei.iter(f"{_MEI}arpeg"):
        _begin_together(found, arpeggio.get("plist", ""), mei)
    return found


def _begin_together(found: dict[str, _Sounding], plist: str, mei: Any) -> None:
    """Verovio spreads an arpeggio; in the score its notes are one position."""
    wanted = {reference.removeprefix("#") for reference in plist.split()}
    names = set(wanted)
    for chord in mei.iter(f"{_MEI}chord"):
        if chord.get(_XML_ID) in wanted:
            names |= {note.get(_XML_ID, "") for note in chord.iter(f"{_MEI}note")}
    together = [name for name in names if name in found]
    first = min((found[name].onset for name in together), default=Fraction(0))
    for name in together:
        found[name] = _Sounding(first, found[name].end, found[name].pitch)


class _Clock:
    """Quarter notes to seconds, through the tempo marks of the score."""

    def __init__(self, toolkit: Any) -> None:
        marks = [(float(e["qstamp"]), float(e["tempo"])) for e in toolkit.renderToTimemap() if "tempo" in e]
        self._marks = [(0.0, 120.0), *marks] if not marks or marks[0][0] > 0 else marks

    def seconds(self, quarters: Fraction) -> float:
        """Seconds from the beginning of the score to ``quarters``."""
        total, at = 0.0, float(quarters)
        ends = [begin for begin, _ in self._marks[1:]] + [float("inf")]
        for (begin, bpm), end in zip(self._marks, ends, strict=True):
            if at > begin:
                total += (min(at, end) - begin) * 60 / bpm
        return total
