"""Runs that differ in their seed alone, followed together by a tracker that can (``SeedsTracker``)."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scorebench.errors import ScorebenchError
from scorebench.following import keep_part
from scorebench.protocol.pages import plan_pages, view_of
from scorebench.run import RunSpec, is_current, run_folder
from scorebench.tracker import SeedsTracker, validate


def follow_together(specs: Sequence[RunSpec], out: Path, advance: Callable[[], None] = lambda: None) -> None:
    """Keep the answers of ``specs``, page by page; ``run`` finds them there, and does what is missing.

    What fails here fails in ``run`` again, seed by seed, which says so.

    Args:
        specs: they differ in their seed alone. Their folders are prepared.
        out: folder of runs.
        advance: called after each piece.
    """
    missing = [spec for spec in specs if not is_current(run_folder(out, spec), spec)]
    if len(missing) < 2 or not isinstance(missing[0].tracker, SeedsTracker):
        return
    for piece in missing[0].pieces():
        _follow_piece(missing, missing[0].tracker, piece, out)
        advance()


def _follow_piece(specs: Sequence[RunSpec], tracker: SeedsTracker, piece: str, out: Path) -> None:
    dataset, split = specs[0].dataset, specs[0].split
    try:
        recording = dataset.load(split, piece)
        audio = recording.read_audio()
        plans = plan_pages(recording, len(audio))
    except ScorebenchError:
        return
    folders = {spec.seed: run_folder(out, spec) for spec in specs}
    for plan in plans:
        began = time.perf_counter()
        seeds = [seed for seed, folder in folders.items() if not folder.part(piece, plan.page.index).exists()]
        if not seeds:
            continue
        frames = plan.frames - plan.start_frame
        try:
            view = view_of(recording, plan, tracker.given)
            answers = tracker.follow_seeds(view, plan.sound(audio), frames, seeds)
            for positions in answers:
                validate(positions, frames)
        except Exception:  # noqa: BLE001, S112 - anything can happen in a tracker; `run` will meet it, and tell
            continue
        seconds = (time.perf_counter() - began) / len(seeds)
        for seed, positions in zip(seeds, answers, strict=True):
            keep_part(folders[seed], plan, positions, seconds)
