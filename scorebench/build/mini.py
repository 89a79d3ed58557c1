"""The embedded dataset ``mini``: scores of the installed music21, engraved, played, and put into a page store.

Built piece by piece in worker processes. A killed build goes on where it was; the number of workers changes no byte.
"""

import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.build.corpus import Card, ConditionCard, PieceCard, corpus_folder, read_card, score_text
from scorebench.build.engrave import engrave
from scorebench.build.pipeline import PLAN, alone, build_pieces, lettering, start
from scorebench.errors import UsageError
from scorebench.score import NOTE_COLUMNS, as_table
from scorebench.store import INDEX, StoreDataset
from scorebench.store_writer import finish, write_piece

NAME = "mini"

DEADPAN_VELOCITY = 72
"""Loudness of every note in the synthetic condition, and the centre of a performance's dynamics."""

TAIL_S = 1.0
"""Sound after the last key is released."""


def build_mini(
    root: Path, pieces: Sequence[str] | None = None, jobs: int | None = None, progress: bool = True
) -> StoreDataset:
    """Build the dataset into ``root``, or open it where it is complete.

    Args:
        pieces: names of the pieces to build; all by default. A dataset of some pieces has another hash.
        jobs: worker processes; by default one a core, at most four.

    Raises:
        UsageError: ``pieces`` names one that the definition does not know.
        MissingDependencyError: a package, the FluidSynth library or a soundfont is missing.
        ScorebenchError: the folder cannot be written.
    """
    card = read_card(NAME)
    wanted = _wanted(card, pieces)
    with alone(root):
        if not (root / INDEX).is_file():
            plan = {"definition": card.facts, "pieces": [p.name for p in wanted], "tools": tools()}
            start(root, plan)
            build_pieces(root, [p.name for p in wanted], __name__, jobs, progress)
            names = {p.name for p in wanted}
            splits = {split: [n for n in listed if n in names] for split, listed in card.splits.items()}
            facts = {"name": card.name, "version": card.version, "definition": card.facts, "tools": plan["tools"]}
            finish(root, facts, {split: listed for split, listed in splits.items() if listed})
            (root / PLAN).unlink(missing_ok=True)
    return StoreDataset(root)


def tools() -> dict[str, Any]:
    """Versions of what decides the bytes. Raises MissingDependencyError where one is not there."""
    from scorebench import synth
    from scorebench.build import room
    from scorebench.build.needs import need

    need("verovio", "draws the pages")
    need("cairosvg", "turns pages into pictures; it needs the cairo library")
    corpus_folder()
    packages = ("verovio", "cairosvg", "music21", "pillow", "pyroomacoustics", "pyarrow", "soundfile")
    return {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "synthesiser": synth.engine(),
        "sounds": {name: synth.find_sound(name).identity() for name in synth.SOUNDS},
        "room": json.loads(json.dumps(room.describe())),
        "lettering": lettering(),
    }


def _wanted(card: Card, names: Sequence[str] | None) -> list[PieceCard]:
    if names is None:
        return list(card.pieces)
    known = {p.name: p for p in card.pieces}
    unknown = [n for n in names if n not in known]
    if unknown or not names:
        raise UsageError(f"{card.name} has no piece {', '.join(unknown)!r}; known: {', '.join(sorted(known))}")
    return [known[n] for n in sorted(set(names))]


def build_piece(root: Path, name: str) -> None:
    """Engrave and play one piece of the definition, and put it into the store. Raises as ``build_mini``."""
    card = read_card(NAME)
    piece = next(p for p in card.pieces if p.name == name)
    conditions = {s: c for s, c in card.conditions.items() if name in card.splits[s]}
    engraving = engrave(score_text(piece), name)
    deadpan = as_table(
        engraving.notes.assign(
            onset_s=engraving.notes["score_onset_s"],
            duration_s=engraving.notes["score_duration_s"],
            velocity=DEADPAN_VELOCITY,
        ),
        NOTE_COLUMNS,
        name,
    )
    timings, sounds = _perform_and_play(deadpan, name, card.seed, list(conditions.values()))
    facts = {
        **{key: value for key, value in asdict(piece).items() if key not in ("name", "tempo_bpm")},
        "licence": "music21 states no uniform licence for its corpus; for local use",
        "conditions": {s: {"audio": c.audio, "timing": c.timing} for s, c in conditions.items()},
    }
    write_piece(root, engraving.pages, engraving.notes, timings, sounds, facts)


def _perform_and_play(
    deadpan: pd.DataFrame, name: str, seed: int, conditions: Sequence[ConditionCard]
) -> tuple[dict[str, pd.DataFrame], dict[str, NDArray[np.float32]]]:
    """The timings and sounds that ``conditions`` ask for; what two of them share is made once."""
    from scorebench.build.perform import perform
    from scorebench.build.room import in_room
    from scorebench.synth import render

    timings, sounding = {"synthetic": deadpan}, {"synthetic": deadpan}
    if any(c.timing == "performance" for c in conditions):
        performance = perform(deadpan, seed, name)
        timings["performance"], sounding["performance"] = performance.notes, performance.sounding()
    dry: dict[tuple[str, str], NDArray[np.float32]] = {}
    sounds: dict[str, NDArray[np.float32]] = {}
    for made in conditions:
        key = (made.timing, made.sound)
        if key not in dry:
            dry[key] = render(sounding[made.timing], made.sound, tail_s=TAIL_S)
        if made.audio not in sounds:
            sounds[made.audio] = in_room(dry[key], seed, name) if made.room else dry[key]
    return timings, sounds
