"""The dataset ``msmd-rebuild``: MSMD's pieces, engraved from their public LilyPond sources, played by FluidSynth."""

import csv
import importlib.metadata
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorebench import synth
from scorebench.build import lilypond
from scorebench.build.corpus import card_facts
from scorebench.build.lilypond_score import engrave_lilypond
from scorebench.build.mutopia import ready_source
from scorebench.build.pipeline import PLAN, alone, build_pieces, start
from scorebench.errors import DataError, UsageError
from scorebench.files import write_bytes
from scorebench.resources import resource
from scorebench.responses import response_files
from scorebench.score import NOTE_COLUMNS, as_table
from scorebench.store import INDEX, ROOMS, TIMING_COLUMNS, StoreDataset
from scorebench.store_writer import PIECES, finish, write_piece

NAME = "msmd-rebuild"
VELOCITY = 72
TAIL_S = 1.0
RESPONSES = "irs/train"
"""Where impulse responses to train in lie, if any, in the folder that holds mutopia/."""
SPLITS = {"train": "train", "valid": "valid", "test": "full"}
"""MSMD's names, and ours: ``full`` is Table II's section I."""


@dataclass(frozen=True)
class Source:
    """One piece of MSMD and the file it comes from, below the root of the Mutopia project."""

    piece: str
    split: str
    path: str
    commit: str
    licence: str
    real_subset: bool

    @property
    def splits(self) -> list[str]:
        """The splits it belongs to."""
        return [SPLITS[self.split], *(["subset-synthetic"] if self.real_subset else [])]


def sources() -> list[Source]:
    """All 467 pieces: the test split first, since it is what benchmarks need, then valid and train."""
    with resource(f"datasets/{NAME}/pieces.csv").open(encoding="utf-8", newline="") as file:
        return [
            Source(r["piece"], r["split"], r["path"], r["commit"], r["licence"], r["real_subset"] == "1")
            for r in csv.DictReader(file)
        ]


def msmd_piece(name: str) -> Source:
    """The piece called ``name``, which must be one of MSMD's."""
    return next(s for s in sources() if s.piece == name)


def some_sources(train: int | None) -> list[Source]:
    """``sources``, with only ``train`` pieces of the train split, spread evenly over it; None for all."""
    known = sources()
    of_train = [s.piece for s in known if s.split == "train"]
    kept = len(of_train) if train is None else min(train, len(of_train))
    chosen = {of_train[i * len(of_train) // kept] for i in range(kept)}
    return [s for s in known if s.split != "train" or s.piece in chosen]


def build_msmd_rebuild(
    root: Path, source: Path, jobs: int | None = None, progress: bool = True, train: int | None = None
) -> StoreDataset:
    """Build the dataset into ``root`` from the folder ``source``, or open it where it is complete.

    A piece that fails is left out and listed; the next build tries it again. So does a build with another ``train``:
    it takes over the pieces that it needs, and drops those that it does not. Impulse responses in ``source``, under
    irs/train, come along, no part of the dataset's hash.

    Args:
        source: a checkout of the Mutopia project (it holds ftp/), or a folder with one called mutopia/.
        jobs: worker processes; by default one a core, at most four.
        train: how many pieces of the train split, spread evenly over it; by default all.

    Raises:
        UsageError: ``source`` is no such folder.
        DataError: no piece at all could be built.
        MissingDependencyError: LilyPond, FluidSynth or a soundfont is missing.
    """
    home = next((h for h in (source, source / "mutopia") if (h / "ftp").is_dir()), None)
    if home is None:
        raise UsageError(f"{source}: holds no ftp/ of the Mutopia project; give --source a checkout of it")
    with alone(root):
        if not _is_complete(root, train):
            (root / INDEX).unlink(missing_ok=True)
            _build(root, home.resolve(), jobs, progress, train)
        for path in response_files(source / RESPONSES):
            write_bytes(root / ROOMS / path.relative_to(source / RESPONSES), path.read_bytes())
    return StoreDataset(root)


def _is_complete(root: Path, train: int | None) -> bool:
    if not (root / INDEX).is_file():
        return False
    facts = StoreDataset(root).facts
    return not facts.get("failures") and facts.get("train") == train


def _build(root: Path, home: Path, jobs: int | None, progress: bool, train: int | None) -> None:
    _, card = card_facts(NAME)
    made_with = tools()
    start(root, {"definition": card, "tools": made_with})
    failures: dict[str, str] = {}
    known = some_sources(train)
    build_pieces(root, [s.piece for s in known], __name__, jobs, progress, {"source": str(home)}, failures)
    lines = sorted(f"{name}: {line.replace(f'{home}/', '')}" for name, line in failures.items())
    splits: dict[str, list[str]] = {}
    for one in known:
        for split in one.splits if one.piece not in failures else ():
            splits.setdefault(split, []).append(one.piece)
    if not splits:
        raise DataError(f"{home}: no piece could be built; the first failure: {lines[0]}")
    for folder in (root / PIECES).iterdir():
        if folder.name not in {s.piece for s in known}:
            shutil.rmtree(folder)
    facts = {"name": NAME, "version": card["version"], "definition": card, "tools": made_with, "failures": lines}
    finish(root, facts if train is None else {**facts, "train": train}, splits)
    if not lines and train is None:
        (root / PLAN).unlink(missing_ok=True)


def tools() -> dict[str, Any]:
    """Versions of what decides the bytes. Raises MissingDependencyError where one is not there."""
    return {
        "versions": {name: importlib.metadata.version(name) for name in ("pillow", "pyarrow", "soundfile", "soxr")},
        "lilypond": lilypond.version(),
        "synthesiser": synth.engine(),
        "sounds": {"piano": synth.find_sound("piano").identity()},
    }


def build_piece(root: Path, name: str, source: str) -> None:
    """Engrave and play one piece, and put it into the store.

    Raises:
        DataError: its source is missing, or LilyPond cannot engrave it.
    """
    about = msmd_piece(name)
    with tempfile.TemporaryDirectory(prefix="scorebench-") as work:
        engraving = engrave_lilypond(ready_source(Path(source), about.path, Path(work)), name)
    times = {"onset_s": engraving.notes["score_onset_s"], "duration_s": engraving.notes["score_duration_s"]}
    notes = as_table(engraving.notes.assign(**times, velocity=VELOCITY), NOTE_COLUMNS, name)
    facts = {
        "title": about.path.rsplit("/", 1)[-1],
        "source": about.path,
        "commit": about.commit,
        "licence": about.licence or "none read; for local use",
        "movements": engraving.movements,
        "notes_without_head": len(engraving.unprinted),
        "conditions": {split: {"audio": "synthetic", "timing": "synthetic"} for split in about.splits},
    }
    sound = synth.render(notes, "piano", tail_s=TAIL_S)
    write_piece(
        root, engraving.pages, engraving.notes, {"synthetic": notes[list(TIMING_COLUMNS)]}, {"synthetic": sound}, facts
    )
