"""Score answers without the model: saved trajectories, or a CSV that any program wrote."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scorebench.dataset import Dataset
from scorebench.errors import DataError, UsageError
from scorebench.metrics import evaluate
from scorebench.protocol.pages import plan_pages
from scorebench.protocol.scoring import VERSIONS, score_page
from scorebench.results import RunFolder, write_results
from scorebench.timebase import frame_count

CSV_COLUMNS = ("piece", "page", "frame", "x_px", "y_px")


def score_positions(
    dataset: Dataset,
    split: str,
    positions: pd.DataFrame,
    pieces: tuple[str, ...] = (),
    hold: bool = False,
    source: Path | str = "answers",
) -> pd.DataFrame:
    """Errors of ``positions`` (columns ``CSV_COLUMNS``) on ``split``.

    Args:
        pieces: only these; empty for all. A page or frame that ``positions`` lacks is a miss.
        hold: let a frame that has no answer take the newest earlier answer on its page.
        source: where the positions come from, for messages.

    Returns:
        ``protocol.scoring.ERROR_COLUMNS``.

    Raises:
        DataError: there is nothing to score, or no such page.
    """
    by_page = dict(list(positions.groupby(["piece", "page"])))
    scored = []
    for piece in pieces or dataset.pieces(split):
        recording = dataset.load(split, piece)
        strange = positions.loc[positions["piece"] == piece, "page"]
        strange = strange[~strange.isin([page.index for page in recording.pages])]
        if len(strange):
            raise DataError(
                f"{source}: {piece} has no page {strange.iloc[0]}, but {len(recording.pages)}, counted from 0"
            )
        samples = len(recording.read_audio())
        for plan in plan_pages(recording, samples):
            said = by_page.get((piece, plan.page.index), positions.iloc[:0])
            said = _held(said, plan.frames) if hold else said
            scored.append(score_page(plan, said, frame_count(samples)))
    if not scored:
        raise DataError(f"{dataset.name}, {split}: no page to score")
    return pd.concat(scored, ignore_index=True)


def _held(said: pd.DataFrame, frames: "np.ndarray[Any, Any]") -> pd.DataFrame:
    said = said.sort_values("frame", kind="stable")
    last = np.searchsorted(said["frame"].to_numpy(), frames, side="right") - 1
    known = last >= 0
    return said.iloc[last[known]].assign(frame=frames[known])


def rescore(path: Path, dataset: Dataset) -> dict[str, Any]:
    """Compute errors and metrics of the run in ``path`` again, from its trajectories, and write them.

    Raises:
        UsageError: there is no run, or it was made on other data than ``dataset``.
    """
    folder = RunFolder(path)
    manifest = folder.finished
    if manifest is None:
        raise UsageError(f"{path}: no complete run here; `scorebench run` makes or completes one")
    about = manifest["identity"]
    if about["dataset_hash"] != dataset.hash:
        raise UsageError(
            f"{path}: was run on {about['dataset']} {about['dataset_hash'][:12]}, "
            f"but {dataset.name} is {dataset.hash[:12]}; name the right one with --dataset"
        )
    pieces = () if about["pieces"] == "all" else tuple(about["pieces"])
    trajectories = folder.trajectories()
    errors = score_positions(dataset, about["split"], trajectories, pieces)
    manifest["identity"]["protocols"] = dict(VERSIONS)
    write_results(folder, manifest, trajectories, errors)
    return folder.metrics


def read_positions(path: Path) -> pd.DataFrame:
    """A CSV of answers with the columns ``CSV_COLUMNS`` (others are ignored).

    Raises:
        DataError: it cannot be read, lacks a column, holds no answer or one that cannot be, or answers a frame twice.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no readable CSV ({str(error).splitlines()[0]})") from error
    missing = [c for c in CSV_COLUMNS if c not in table.columns]
    if missing:
        raise DataError(f"{path}: column(s) {', '.join(missing)} missing; needed are {', '.join(CSV_COLUMNS)}")
    types = {"piece": "str", "page": "int64", "frame": "int64", "x_px": "float64", "y_px": "float64"}
    try:
        counts = table[["page", "frame"]].to_numpy(np.float64)
        table = table[list(CSV_COLUMNS)].astype(types)
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: a value is no number ({error})") from error
    if table.empty:
        raise DataError(f"{path}: holds no answer")
    bad = (counts != np.floor(counts)).any(1) | (counts < 0).any(1) | ~np.isfinite(table[["x_px", "y_px"]]).all(axis=1)
    if bad.any():
        raise DataError(
            f"{path}, line {int(np.flatnonzero(bad)[0]) + 2}: page and frame are whole numbers from 0 on, x_px and "
            "y_px finite; leave out frames without an answer"
        )
    if table.duplicated(["piece", "page", "frame"]).any():
        row = table[table.duplicated(["piece", "page", "frame"])].iloc[0]
        raise DataError(f"{path}: answers frame {row['frame']} of {row['piece']} page {row['page']} twice")
    return table


def evaluate_positions(
    dataset: Dataset, split: str, path: Path, pieces: tuple[str, ...], hold: bool
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Errors and figures of the CSV in ``path``. UsageError for a piece the split does not have."""
    positions = read_positions(path)
    strangers = sorted(set(positions["piece"]) - set(dataset.pieces(split)))
    if strangers:
        raise DataError(f"{path}: {dataset.name} {split} has no piece {strangers[0]!r}")
    errors = score_positions(dataset, split, positions, pieces, hold, path)
    return errors, evaluate(errors)
