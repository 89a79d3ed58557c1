"""Follow every page of a split with a tracker; killed and run again, it does the rest."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from scorebench.dataset import Dataset
from scorebench.errors import ScorebenchError, UsageError
from scorebench.files import write_json
from scorebench.following import Failure, follow_pages
from scorebench.manifest import identity, manifest_of
from scorebench.protocol.pages import PagePlan, plan_pages
from scorebench.protocol.scoring import score_page
from scorebench.results import (
    TRAJECTORY_COLUMNS,
    RunFolder,
    read_parquet,
    read_seconds,
    write_results,
)
from scorebench.score import Recording
from scorebench.timebase import SAMPLE_RATE, frame_count
from scorebench.tracker import Tracker

Scored = tuple[pd.DataFrame, pd.DataFrame, float]
"""Of one page: trajectory, errors, seconds it took."""


@dataclass(frozen=True)
class RunSpec:
    """What to run: a tracker by name, a dataset, one of its splits, and the seed of all randomness.

    Attributes:
        only: names of pieces to keep; empty for the whole split.
        options: what the tracker was made with, such as ``checkpoint``.
    """

    tracker_name: str
    tracker: Tracker
    dataset: Dataset
    split: str
    seed: int = 0
    only: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def pieces(self) -> Sequence[str]:
        """The pieces to follow, sorted. UsageError when one of ``only`` is not in the split."""
        known = self.dataset.pieces(self.split)
        missing = sorted(set(self.only) - set(known))
        if missing:
            raise UsageError(f"{self.dataset.name}, {self.split}: no piece called {', '.join(missing)}")
        return [p for p in known if not self.only or p in self.only]


def run_folder(out: Path, spec: RunSpec) -> RunFolder:
    """Where the run of ``spec`` lives under ``out``; runs with other seeds than 0 lie beside, as ``tracker@seed``."""
    name = spec.tracker_name if spec.seed == 0 else f"{spec.tracker_name}@{spec.seed}"
    return RunFolder(out / spec.dataset.name / spec.split / name)


def is_current(folder: RunFolder, spec: RunSpec) -> bool:
    """Whether ``folder`` holds the complete, unfailed run of just this ``spec``."""
    manifest = folder.finished
    return manifest is not None and not manifest.get("failed") and bool(manifest.get("identity") == identity(spec))


def is_stale(folder: RunFolder, spec: RunSpec) -> bool:
    """Whether ``folder`` holds another run than ``spec``."""
    manifest = folder.manifest
    return manifest is not None and manifest.get("identity") != identity(spec)


def is_another_choice(folder: RunFolder, spec: RunSpec) -> bool:
    """Whether ``folder`` holds a run of other pieces or of other weights that somebody chose: not an old one."""
    manifest = folder.manifest
    if manifest is None:
        return False
    weights = manifest.get("options", {}).get("checkpoint")
    pieces = manifest.get("identity", {}).get("pieces")
    return bool(weights != spec.options.get("checkpoint") or pieces != identity(spec)["pieces"])


def run(
    spec: RunSpec, out: Path, fresh: bool = False, advance: Callable[[], None] = lambda: None
) -> tuple[RunFolder, list[Failure]]:
    """Follow every page of ``spec`` and score it.

    Args:
        out: folder of runs.
        fresh: throw away what an earlier run left.
        advance: called after each piece.

    Returns:
        The run folder, and the pages that failed: their onsets count as missed.

    Raises:
        UsageError: the folder holds another run and ``fresh`` is not set.
        ScorebenchError: the results cannot be written; finished pages are kept.
    """
    folder = prepare(out, spec, fresh)
    if is_current(folder, spec):
        folder.clear_parts()
        return folder, []
    scored: list[Scored] = []
    failures: list[Failure] = []
    for piece in spec.pieces():
        _run_piece(folder, spec, piece, scored, failures)
        advance()
    _finish(folder, spec, scored, failures)
    return folder, failures


def prepare(out: Path, spec: RunSpec, fresh: bool) -> RunFolder:
    """The folder for the run of ``spec``, with a manifest; raises and takes what ``run`` does."""
    folder = run_folder(out, spec)
    manifest = None if fresh else folder.manifest
    if manifest is not None and is_stale(folder, spec):
        theirs, ours = manifest.get("identity", {}), identity(spec)
        differs = ", ".join(key for key in ours if theirs.get(key) != ours[key])
        raise UsageError(
            f"{folder.path}: holds another run (it differs in {differs}); choose another --out, "
            "or replace it with `scorebench run --fresh`"
        )
    if fresh:
        shutil.rmtree(folder.path, ignore_errors=True)
    if manifest is None:
        write_json(folder.path / "manifest.json", manifest_of(spec, failed=[], complete=False))
    return folder


def _run_piece(
    folder: RunFolder,
    spec: RunSpec,
    piece: str,
    scored: list[Scored],
    failures: list[Failure],
) -> None:
    """Follow and score the pages of one piece, adding to ``scored`` and ``failures``."""
    try:
        recording = spec.dataset.load(spec.split, piece)
    except ScorebenchError as error:
        failures.append(Failure(piece, None, str(error)))
        return
    try:
        audio = recording.read_audio()
    except ScorebenchError as error:
        # Its onsets are known all the same, and count as missed.
        failures.append(Failure(piece, None, str(error)))
        audio = None
    samples = len(audio) if audio is not None else _samples_for(recording)
    try:
        plans = plan_pages(recording, samples)
    except ScorebenchError as error:
        failures.append(Failure(piece, None, str(error)))
        return
    if audio is not None:
        failures += follow_pages(folder, spec.tracker, spec.seed, recording, plans, audio)
    scored += [_score_part(folder, plan, frame_count(samples)) for plan in plans]


def _samples_for(recording: Recording) -> int:
    """Samples in which all onsets of ``recording`` fall, where its sound cannot be read."""
    last = recording.notes["onset_s"].max()
    return 0 if pd.isna(last) else int((last + 1.0) * SAMPLE_RATE)


def _score_part(folder: RunFolder, plan: PagePlan, frames: int) -> Scored:
    part = folder.part(plan.page.piece, plan.page.index)
    if part.exists():
        rows, seconds = read_parquet(part), read_seconds(part)
    else:
        rows, seconds = pd.DataFrame(columns=list(TRAJECTORY_COLUMNS)).astype(TRAJECTORY_COLUMNS), float("nan")
    return rows, score_page(plan, rows, frames), seconds


def _finish(
    folder: RunFolder,
    spec: RunSpec,
    scored: list[Scored],
    failures: list[Failure],
) -> None:
    if not scored:
        reason = failures[0] if failures else f"{spec.split} has no page to follow"
        raise ScorebenchError(f"{spec.dataset.name}, {spec.split}: nothing could be followed: {reason}")
    trajectories = pd.concat([rows for rows, _, _ in scored], ignore_index=True)
    errors = pd.concat([rows for _, rows, _ in scored], ignore_index=True)
    seconds = {f"{rows['piece'][0]}_page_{rows['page'][0]}": s for rows, _, s in scored if len(rows)}
    write_json(folder.path / "timings.json", {"page_s": seconds, "total_s": sum(seconds.values())})
    manifest = manifest_of(spec, failed=[str(f) for f in failures], complete=True)
    write_results(folder, manifest, trajectories, errors)
    if not failures:
        folder.clear_parts()
