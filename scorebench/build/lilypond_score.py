"""A LilyPond score to pages and notes, every note tied to its notehead by construction.

Conventions, as in MSMD: the score is played straight through; tied notes sound once, at the first head; ornaments
sound as the printed note; grace notes are score positions of their own, as long as LilyPond plays them (9/40 of what
is written). Times are those of LilyPond's own MIDI, to the tick.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.build.engrave import PAGE_HEIGHT_PX, PAGE_WIDTH_PX
from scorebench.build.lilypond import TIMEOUT_S, draw
from scorebench.build.lilypond_log import Clock, LoggedNote, Music, read_log, tempo_source
from scorebench.build.lilypond_svg import DrawnSystem, read_page
from scorebench.errors import DataError
from scorebench.score import BAR_COLUMNS, PRINTED_COLUMNS, SYSTEM_COLUMNS, Page, as_table

MOVEMENT_GAP_S = 1.0
"""Silence between two scores of one file."""


@dataclass(frozen=True)
class LilypondEngraving:
    """A score as pages, and its notes as they are printed and meant.

    Attributes:
        pages: images (1181, 835) uint8 with systems and bars; pages without a note are left out.
        notes: ``PRINTED_COLUMNS`` in playing order: every note that sounds and has a notehead.
        unprinted: score_onset_s, score_duration_s and pitch of the notes that sound but have no notehead of
            their own or of another voice: they are heard, and nobody can point at them.
        movements: how many scores the file prints, one after the other.
        ticks: note id -> MIDI ticks (384 a quarter note) from the beginning of its movement at which the note
            begins and ends, whatever the tempo; grace notes, whose time is borrowed, are left out.
    """

    pages: tuple[Page, ...]
    notes: pd.DataFrame
    unprinted: pd.DataFrame
    movements: int
    ticks: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Sounding:
    """One note as it sounds; ``number`` is that of its first notehead."""

    number: int
    movement: int
    tick: int
    end_tick: int
    is_grace: bool
    pitch: int
    onset_s: float
    duration_s: float


@dataclass(frozen=True)
class _Head:
    """Where a notehead is."""

    page: int
    system: int
    x_px: float
    y_px: float


def engrave_lilypond(source: Path, piece: str, timeout_s: float = TIMEOUT_S) -> LilypondEngraving:
    """Engrave ``source`` (a file of the present syntax in a folder of its own) and tie its notes to their heads.

    Args:
        piece: name of the piece, put on its pages.
        timeout_s: LilyPond is stopped after this time.

    Raises:
        DataError: LilyPond reports an error or takes too long, a page is not A4, or there is no note.
        MissingDependencyError: LilyPond is not installed.
    """
    drawn = draw(source, timeout_s)
    printed, played = read_log(drawn.log)
    drawings = [read_page(svg) for svg in drawn.drawings]
    kept = [i for i, systems in enumerate(drawings) if any(s.heads for s in systems)]
    pages = _pages(piece, [drawings[i] for i in kept], [drawn.pictures[i] for i in kept])
    heads = _heads([drawings[i] for i in kept])
    sounding = sounding_notes(printed, played)
    notes, unprinted = _tables(sounding, heads)
    if notes.empty:
        raise DataError(f"{piece}: the score has no notes that are printed and sound")
    ticks = {f"n{s.number}": (s.tick, s.end_tick) for s in sounding if s.number in heads and not s.is_grace}
    return LilypondEngraving(pages, notes, unprinted, len(printed), ticks)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A page as LilyPond drew it, averaged down: (1181, 835) uint8, 0 black, 255 white."""
    from PIL import Image

    with Image.open(path) as large:
        page = large.convert("L").resize((PAGE_WIDTH_PX, PAGE_HEIGHT_PX), Image.Resampling.BOX)
    return np.asarray(page, np.uint8)


def _pages(piece: str, drawings: Sequence[list[DrawnSystem]], pictures: Sequence[Path]) -> tuple[Page, ...]:
    pages = []
    systems, bars = itertools.count(), itertools.count()
    for index, (drawn, picture) in enumerate(zip(drawings, pictures, strict=True)):
        lines, boxes = [], []
        for system in drawn:
            number = next(systems)
            lines.append({"system": number, "page": index, **system.box.centred()})
            boxes += [{"bar": next(bars), "system": number, "page": index, **b.centred()} for b in system.bars]
        pages.append(
            Page(
                piece,
                index,
                read_picture(picture),
                as_table(pd.DataFrame(lines), SYSTEM_COLUMNS, "systems"),
                as_table(pd.DataFrame(boxes), BAR_COLUMNS, "bars"),
            )
        )
    return tuple(pages)


def _heads(drawings: Sequence[list[DrawnSystem]]) -> dict[int, _Head]:
    number = itertools.count()
    return {
        note: _Head(page, system, x, y)
        for page, systems in enumerate(drawings)
        for drawn in systems
        for system in [next(number)]
        for note, (x, y) in drawn.heads.items()
    }


def sounding_notes(printed: Sequence[Music], played: Sequence[Music]) -> list[Sounding]:
    """Every note that sounds, one movement after the other; a note that another is tied to sounds on through it."""
    found: list[Sounding] = []
    begin_s = 0.0
    for movement, music in enumerate(m for m in printed if m.notes):
        tempos = tempo_source(music, played).tempos
        clock = Clock(tempos, min(0, *(n.tick for n in music.notes)))
        ends = _ends(music)
        for note in music.notes:
            if note.number in ends:
                onset_s, end_s = clock.seconds(note.tick), clock.seconds(ends[note.number])
                begin, length = begin_s + onset_s, max(end_s - onset_s, 0.0)
                ticks = (note.tick, ends[note.number])
                found.append(Sounding(note.number, movement, *ticks, bool(note.grace), note.pitch, begin, length))
        begin_s += clock.seconds(max([music.end, *ends.values()])) + MOVEMENT_GAP_S
    return found


def _ends(music: Music) -> dict[int, int]:
    """Number of each note that sounds -> tick at which it ends, ties followed."""
    notes = {n.number: n for n in music.notes}
    following: dict[int, list[LoggedNote]] = {}
    continued = set()
    for left, right in music.ties:
        if left in notes and right in notes and notes[left].pitch == notes[right].pitch:
            following.setdefault(left, []).append(notes[right])
            continued.add(right)

    def end(note: LoggedNote) -> int:
        return max([note.end_tick, *(end(n) for n in following.get(note.number, []) if n.tick > note.tick)])

    return {number: end(note) for number, note in notes.items() if number not in continued}


def _tables(sounding: Sequence[Sounding], heads: dict[int, _Head]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Printed notes, and those without a head. Two voices in unison may share one head: it is then one note."""
    shown = {(s.movement, s.tick, s.pitch) for s in sounding if s.number in heads}
    places = {place: i for i, place in enumerate(sorted({(m, tick) for m, tick, _ in shown}))}
    rows = [
        (f"n{s.number}", h.page, h.system, places[s.movement, s.tick], s.pitch, h.x_px, h.y_px, s.onset_s, s.duration_s)
        for s in sounding
        if (h := heads.get(s.number)) is not None
    ]
    notes = pd.DataFrame(rows, columns=list(PRINTED_COLUMNS)).sort_values(["position", "pitch", "note_id"])
    rest = [
        (s.onset_s, s.duration_s, s.pitch)
        for s in sounding
        if s.number not in heads and (s.movement, s.tick, s.pitch) not in shown
    ]
    unprinted = pd.DataFrame(rest, columns=["score_onset_s", "score_duration_s", "pitch"])
    return as_table(notes, PRINTED_COLUMNS, "notes"), unprinted
