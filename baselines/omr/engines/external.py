"""The engines ``audiveris``, ``homr`` and ``oemer``: the program is run on the page, and its MusicXML is read.

Nothing of theirs is imported: Audiveris and homr are under the AGPL. homr and oemer do not say where notes stand; they
are spread over the systems that are found in the picture, with less confidence.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baselines.omr.engines.documents import read_document
from baselines.omr.engines.partwise import Bar, Sheet, read_sheet, without_empty
from baselines.omr.engines.placing import Placed, by_layout, by_spreading
from baselines.omr.engines.running import Program, results_of
from baselines.strip.systems import find_systems
from scorebench.errors import DataError
from scorebench.omr import Reading, as_reading, empty_reading, pitch_of
from scorebench.score import SYSTEM_COLUMNS

AUDIVERIS = Program(
    "audiveris",
    "SCOREBENCH_AUDIVERIS",
    ("audiveris", "Audiveris", "/opt/audiveris/bin/Audiveris", "/Applications/Audiveris.app/Contents/MacOS/Audiveris"),
    lambda picture, out: ("-batch", "-transcribe", "-export", "-output", str(out), "--", str(picture)),
    ("out/**/*.mxl", "out/**/*.xml", "in/*.mxl"),
    "get it from https://github.com/Audiveris/audiveris",
)
HOMR = Program(
    "homr",
    "SCOREBENCH_HOMR",
    ("homr",),
    lambda picture, _: (str(picture),),
    ("in/*.musicxml",),
    "pip install homr, in an environment of its own, and run homr --init once",
)
OEMER = Program(
    "oemer",
    "SCOREBENCH_OEMER",
    ("oemer",),
    lambda picture, out: (str(picture), "-o", str(out), "--without-deskew"),
    ("out/*.musicxml",),
    "pip install oemer, in an environment of its own, and read any page with it once: it fetches its weights",
)


class External:
    """An engine that runs a program. Whether it is installed is asked at once."""

    def __init__(self, program: Program) -> None:
        program.find()
        self._program = program

    def read(self, page: NDArray[np.uint8]) -> Reading:
        """Run the program on ``page``, (height, width) uint8, 0 black.

        Raises:
            ScorebenchError: it fails, takes too long, or writes what is no sound score.
        """
        if page.ndim != 2 or page.dtype != np.uint8 or 0 in page.shape:
            raise DataError(f"{self._program.name} reads a grey picture, not {page.dtype} of shape {page.shape}")
        with results_of(self._program, page) as files:
            sheets = [read_sheet(read_document(file), f"{self._program.name}, {file.name}") for file in files]
        return reading_of(sheets, page, self._program.name)


def audiveris() -> External:
    """Audiveris (Java, AGPL). Says where every note stands."""
    return External(AUDIVERIS)


def homr() -> External:
    """homr (Python, AGPL)."""
    return External(HOMR)


def oemer() -> External:
    """oemer (Python, MIT)."""
    return External(OEMER)


def reading_of(sheets: Sequence[Sheet], page: NDArray[np.uint8], source: str) -> Reading:
    """One reading of all ``sheets``, the movements on ``page``.

    Raises:
        DataError: they do not make a sound reading.
    """
    sheets = [sheet for sheet in sheets if any(bar.heads for bar in sheet.bars)]
    if not sheets:
        return empty_reading()
    placed = [by_layout(sheet, page.shape[1]) for sheet in sheets]
    known = [each for each in placed if each is not None]
    if len(known) == len(sheets):
        bars = [bar for sheet in sheets for bar in sheet.bars]
        return _table(bars, _joined(known), source)
    whole = _one(sheets)
    return _table(whole.bars, by_spreading(whole, _found(page), (page.shape[0], page.shape[1])), source)


def _found(page: NDArray[np.uint8]) -> pd.DataFrame:
    try:
        return find_systems(page)
    except DataError:  # no staff
        return pd.DataFrame(columns=list(SYSTEM_COLUMNS))


def _one(sheets: Sequence[Sheet]) -> Sheet:
    """The movements of a page as one, each on a line of its own."""
    for sheet in sheets[1:]:
        sheet.bars[0].new_system = True
    widest = max(sheets, key=lambda sheet: sum(sheet.part_staves))
    return Sheet(without_empty(bar for sheet in sheets for bar in sheet.bars), widest.part_staves, None)


def _joined(placed: Sequence[Placed]) -> Placed:
    starts = np.cumsum([0, *(len(each.systems) for each in placed)]).tolist()
    return Placed(
        np.concatenate([each.systems for each in placed]),
        [system + start for each, start in zip(placed, starts, strict=False) for system in each.system],
        [edge for each in placed for edge in each.edges],
        [heads for each in placed for heads in each.heads],
        min(each.confidence for each in placed),
    )


def _table(bars: Sequence[Bar], placed: Placed, source: str) -> Reading:
    """Bars and their places as the tables of a reading."""
    notes: list[dict[str, object]] = []
    measures: list[dict[str, object]] = []
    begin = 0.0
    for bar, heads, system, (left, right) in zip(bars, placed.heads, placed.system, placed.edges, strict=True):
        if bar.empty:
            continue
        common = {"measure": len(measures), "system": system}
        notes += [{**common, **row, "confidence": placed.confidence} for row in _note_rows(bar, heads, begin)]
        signs = {"beats": bar.beats, "beat_type": bar.beat_type, "fifths": bar.fifths}
        clefs = ",".join(bar.clefs[staff].name for staff in sorted(bar.clefs))
        times = {"onset_quarters": begin, "duration_quarters": float(bar.length)}
        repeats = {"repeat_begins": bar.repeat_begins, "repeat_ends": bar.repeat_ends}
        measures.append({**common, "left_px": left, "right_px": right, **times, **signs, **repeats, "clefs": clefs})
        begin += float(bar.length)
    boxes = pd.DataFrame(placed.systems, columns=["x_px", "y_px", "w_px", "h_px"])
    boxes = boxes.assign(system=range(len(boxes)), page=0)
    return as_reading(pd.DataFrame(notes), pd.DataFrame(measures), boxes, placed.confidence, source)


def _note_rows(bar: Bar, places: NDArray[np.float64], begin: float) -> Iterator[dict[str, object]]:
    """One row a head of ``bar``; voices are counted in each staff in the order in which they come."""
    voices: dict[int, list[str]] = {}
    for head, (x_px, y_px) in zip(bar.heads, places, strict=True):
        known = voices.setdefault(head.staff, [])
        if head.voice not in known:
            known.append(head.voice)
        yield {
            "staff": head.staff,
            "voice": known.index(head.voice),
            "x_px": x_px,
            "y_px": y_px,
            "spelling": head.spelling,
            "pitch": pitch_of(head.spelling),
            "onset_quarters": begin + float(head.onset),
            "duration_quarters": float(head.length),
            "tied": head.tied,
        }
