"""The dataset ``performed``: scores with human performances aligned note by note, engraved, played, put in a store.

A piece that cannot be built is left out, a performance or a room that cannot be read is missing from its piece; the
store says so in one line each, and the rest is built.
"""

import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scorebench.build import lilypond
from scorebench.build.editions import tidy
from scorebench.build.engrave import Engraving, engrave
from scorebench.build.excerpt import bars_between
from scorebench.build.matches import Match, match_reader, read_match
from scorebench.build.msmd_rebuild import msmd_piece
from scorebench.build.musicxml import prepare, read_score
from scorebench.build.needs import need
from scorebench.build.notated import Notated, read_notated
from scorebench.build.performed_card import MUTOPIA, NAME, PerformedCard, Work, read_performed_card, source_files
from scorebench.build.performed_sound import Sounding, humans, rooms, synthetic
from scorebench.build.pipeline import PLAN, alone, build_pieces, lettering, start
from scorebench.build.playorder import Played, play_order
from scorebench.build.rebuilt_page import rebuilt_page, renamed
from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.files import sha256_file
from scorebench.store import INDEX, StoreDataset
from scorebench.store_writer import PIECES, finish, write_piece


def build_performed(root: Path, source: Path, jobs: int | None = None, progress: bool = True) -> StoreDataset:
    """Build the dataset into ``root`` from the folder ``source``, or open it where it is complete.

    A store that lists failures is gone over again: what failed is tried once more.

    Args:
        source: holds performances/, mutopia/ and irs/ (the card says what of them).
        jobs: worker processes; by default one a core, at most four.

    Raises:
        UsageError: ``source`` is no folder with performances in it.
        DataError: no piece at all could be built.
        MissingDependencyError: a package, the FluidSynth library or a soundfont is missing.
        ScorebenchError: the folder cannot be written.
    """
    if not (source / "performances").is_dir():
        raise UsageError(f"{source}: holds no folder performances/; give --source the folder that has it and irs/")
    card = read_performed_card()
    with alone(root):
        if not (root / INDEX).is_file() or StoreDataset(root).facts.get("failures"):
            (root / INDEX).unlink(missing_ok=True)
            _build(root, source.resolve(), card, jobs, progress)
    return StoreDataset(root)


def _build(root: Path, source: Path, card: PerformedCard, jobs: int | None, progress: bool) -> None:
    digests = {name: _digest(source / name) for name in source_files(card)}
    made_with = tools()
    start(root, {"definition": card.facts, "tools": made_with, "sources": digests})
    failures: dict[str, str] = {}
    names = [w.name for w in card.works]
    build_pieces(root, names, __name__, jobs, progress, {"source": str(source)}, failures)
    lines = [_relative(line if line.startswith(name) else f"{name}: {line}", source) for name, line in failures.items()]
    splits: dict[str, list[str]] = {}
    for name in (n for n in names if n not in failures):
        about = json.loads((root / PIECES / name / "piece.json").read_text())
        lines += about["failures"]
        for split in (s for s in about["conditions"] if name in card.splits.get(s, (name,))):
            splits.setdefault(split, []).append(name)
    if not splits:
        raise DataError(f"{source}: no piece could be built; the first failure: {lines[0]}")
    facts = {"name": NAME, "version": card.version, "definition": card.facts, "tools": made_with}
    finish(root, {**facts, "sources": digests, "failures": sorted(lines)}, splits)
    if not lines:
        (root / PLAN).unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return sha256_file(path) if path.is_file() else "missing"


def _relative(line: str, source: Path) -> str:
    """``line`` without the user's folder in it: a store is the same wherever its sources lay."""
    return line.replace(f"{source}/", "")


def tools() -> dict[str, Any]:
    """Versions of what decides the bytes. Raises MissingDependencyError where one is not there."""
    from scorebench import synth

    need("verovio", "draws the pages")
    need("cairosvg", "turns pages into pictures; it needs the cairo library")
    match_reader()
    packages = ("verovio", "cairosvg", "partitura", "pillow", "pyarrow", "soundfile", "soxr", "scipy")
    return {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "lilypond": _lilypond(),
        "synthesiser": synth.engine(),
        "sounds": {name: synth.find_sound(name).identity() for name in synth.SOUNDS},
        "lettering": lettering(),
    }


def _lilypond() -> str:
    """Its version. Only the few works on pages of the MSMD rebuild need it: without it, they alone are left out."""
    try:
        return lilypond.version()
    except MissingDependencyError:
        return "not installed"


def build_piece(root: Path, name: str, source: str) -> None:
    """Engrave one work, play it in all conditions, and put it into the store.

    Raises:
        DataError: its score, or all of its performances, are missing or do not fit.
        MissingDependencyError: it stands on a page of the MSMD rebuild, and LilyPond is not installed.
    """
    card = read_performed_card()
    work, folder = card.work(name), Path(source)
    matches, failures = _matches(work, folder)
    engraving, notated, matches, about_page = _on_pages(work, folder, matches)
    played = _play_order(engraving, notated, matches, card.most_pages)
    piece = Sounding(failures=failures)
    synthetic(piece, played, notated)
    human = humans(piece, played, matches, work)
    rooms(piece, human, card, work, folder)
    pages = [p for p in engraving.pages if p.index < played.pages]
    facts = {
        **{
            key: getattr(work, key) for key in ("title", "composer", "catalogue", "movement", "collection", "tempo_bpm")
        },
        "licence": card.licences[work.collection],
        "score": work.score,
        "engraving": about_page,
        "pages": f"{played.pages} of {len(engraving.pages)}",
        "ends": _ENDS[played.ends],
        "grace_notes_printed": int((~engraving.notes["note_id"].isin(notated.onset_s.keys())).sum()),
        "performers": piece.performers,
        "room": {"subset-room": work.room} if "subset-room" in piece.conditions else {},
        "failures": [_relative(line, folder) for line in piece.failures],
        "conditions": piece.conditions,
    }
    write_piece(root, pages, played.notes, piece.timings, piece.sounds, facts)


_ENDS: Mapping[str, str] = {
    "piece": "the end of the piece",
    "pages": "the end of its last page; the piece goes on",
    "repeat": "a repeat that goes back to an earlier page; the piece goes on",
}


def _on_pages(
    work: Work, source: Path, matches: dict[str, Match]
) -> tuple[Engraving, Notated, dict[str, Match], dict[str, Any]]:
    """The pages of ``work``, their time, its performances in the names of their notes, and whose pages they are."""
    engraving, notated = _score(work, source)
    if not work.msmd:
        return engraving, notated, matches, {"engraver": "Verovio", "source": work.score}
    msmd = msmd_piece(work.msmd)
    page = rebuilt_page(work.name, source / MUTOPIA, msmd.path, engraving, notated, work.tempo_bpm)
    there = {performer: renamed(match, page.join.names) for performer, match in matches.items()}
    origin = {"source": msmd.path, "commit": msmd.commit, "licence": msmd.licence}
    about = {"engraver": "LilyPond", "msmd": msmd.piece, **origin, "join": dict(page.join.counts)}
    return page.engraving, page.notated, there, about


def _score(work: Work, source: Path) -> tuple[Engraving, Notated]:
    path = source / work.score
    text = tidy(read_score(path), str(path))
    if work.bars:
        text = bars_between(text, *work.bars, str(path))
    text = prepare(text, work.title, work.composer, work.tempo_bpm)
    return engrave(text, work.name), read_notated(text, work.name, work.tempo_bpm)


def _matches(work: Work, source: Path) -> tuple[dict[str, Match], list[str]]:
    """Performer (p01, p02, in the order of the card) -> performance, and what was wrong with the others."""
    found: dict[str, Match] = {}
    failures = []
    for number, path in enumerate(work.performances, start=1):
        try:
            found[f"p{number:02d}"] = read_match(source / path)
        except DataError as error:
            failures.append(f"{work.name}: {error}")
    if not found:
        raise DataError(f"{work.name}: no performance of it can be read; {failures[0]}")
    return found, failures


def _play_order(engraving: Engraving, notated: Notated, matches: Mapping[str, Match], most_pages: int) -> Played:
    """As the first performance that fits the score plays it."""
    errors = []
    for match in matches.values():
        try:
            return play_order(engraving, notated, match, most_pages)
        except DataError as error:
            errors.append(error)
    raise errors[0]
