"""Follow the pages of one piece, and keep the answers in the folder of the run."""

import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorebench.errors import ScorebenchError
from scorebench.protocol.pages import PagePlan, view_of
from scorebench.results import TRAJECTORY_COLUMNS, RunFolder, write_parquet
from scorebench.score import Recording
from scorebench.tracker import BatchTracker, Positions, Tracker, follow, validate


@dataclass(frozen=True)
class Failure:
    """A page (or, with page None, a whole piece) that could not be followed, and why in one line."""

    piece: str
    page: int | None
    reason: str

    def __str__(self) -> str:
        where = self.piece if self.page is None else f"{self.piece} page {self.page}"
        return f"{where}: {self.reason}"


def follow_pages(
    folder: RunFolder,
    tracker: Tracker,
    seed: int,
    recording: Recording,
    plans: Sequence[PagePlan],
    audio: NDArray[np.float32],
) -> list[Failure]:
    """Follow every page of ``recording`` that was not followed before, together where the tracker can.

    Args:
        plans: the pages.
        audio: of the whole piece.

    Returns:
        The pages that could not be followed.
    """
    missing = [plan for plan in plans if not folder.part(plan.page.piece, plan.page.index).exists()]
    if isinstance(tracker, BatchTracker) and len(missing) > 1:
        try:
            _follow_together(folder, tracker, seed, recording, missing, audio)
        except Exception as error:  # noqa: BLE001 - anything can happen in a tracker; one by one it is told on which page
            print(f"{recording.piece}: its pages one by one, since together: {_reason(error)}", file=sys.stderr)
        else:
            return []
    failures = (_follow_page(folder, tracker, seed, recording, plan, audio) for plan in missing)
    return [failure for failure in failures if failure]


def _follow_together(
    folder: RunFolder,
    tracker: BatchTracker,
    seed: int,
    recording: Recording,
    plans: Sequence[PagePlan],
    audio: NDArray[np.float32],
) -> None:
    began = time.perf_counter()
    asked = [plan.frames - plan.start_frame for plan in plans]
    views = [view_of(recording, plan, tracker.given) for plan in plans]
    sounds = [plan.sound(audio) for plan in plans]
    answers = tracker.follow_many(list(zip(views, sounds, asked, strict=True)), seed)
    for positions, frames in zip(answers, asked, strict=True):
        validate(positions, frames)
    seconds_a_frame = (time.perf_counter() - began) / sum(map(len, asked))
    for plan, positions in zip(plans, answers, strict=True):
        keep_part(folder, plan, positions, seconds_a_frame * len(positions))


def _follow_page(
    folder: RunFolder, tracker: Tracker, seed: int, recording: Recording, plan: PagePlan, audio: NDArray[np.float32]
) -> Failure | None:
    """Follow one page; None when its answers are in the folder."""
    began = time.perf_counter()
    try:
        view = view_of(recording, plan, tracker.given)
        positions = follow(tracker, view, plan.sound(audio), plan.frames - plan.start_frame, seed)
    except Exception as error:  # noqa: BLE001 - anything can happen in a tracker, and one page must not cost the others
        return Failure(plan.page.piece, plan.page.index, _reason(error))
    keep_part(folder, plan, positions, time.perf_counter() - began)
    return None


def _reason(error: Exception) -> str:
    """What ``error`` says, and where in the code it was raised, unless it is known what to do."""
    if isinstance(error, ScorebenchError) and str(error):
        return str(error).splitlines()[0]
    where = traceback.extract_tb(error.__traceback__)[-1]
    if type(error).__name__ == "OutOfMemoryError":
        return "the GPU has too little memory: free it, or pass --device cpu"
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"{said} ({Path(where.filename).name}, line {where.lineno})"


def keep_part(folder: RunFolder, plan: PagePlan, positions: Positions, seconds: float) -> None:
    """Keep the answers on one page, which took so many ``seconds``."""
    rows = positions.to_table().assign(piece=plan.page.piece, page=plan.page.index, frame=plan.frames)
    part = folder.part(plan.page.piece, plan.page.index)
    write_parquet(part, rows.astype(TRAJECTORY_COLUMNS)[list(TRAJECTORY_COLUMNS)], seconds)
