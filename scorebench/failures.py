"""How a run fails: onset by onset, from what it saved, without the model."""

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.dataset import Dataset
from scorebench.errors import UsageError
from scorebench.protocol import strict
from scorebench.results import RunFolder
from scorebench.score import Recording

TRACKED_S = 0.5
"""Within this an onset counts as tracked, under ``strict``."""

VERDICTS = ("tracked", "ahead", "behind", "next system", "lost", "unanswered")
"""Within ``TRACKED_S``; on the right system, but ahead of the music or behind it; on the system before or after; on any
other; no answer."""

GROUPS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "composer": lambda rows: rows["piece"].str.split("__").str[0],
    "piece": lambda rows: rows["piece"],
    "page": lambda rows: rows["piece"] + " " + rows["page"].astype(str),
    "repetition": lambda rows: rows["printed"],
}
"""What onsets can be counted by. Names of pieces begin with the composer and two underscores."""

LATELY = 3
"""Score positions, the newest included, whose pitches say where on a page the music is, or leave it open."""


def judge(folder: RunFolder, dataset: Dataset) -> pd.DataFrame:
    """A verdict on every onset of a run.

    Args:
        dataset: that the run was made on.

    Returns:
        Columns piece, page, onset_s, system, true_x_px, the answer's x_px and y_px (NaN where there is none), verdict
        (one of ``VERDICTS``), and printed (see ``printed``).

    Raises:
        UsageError: there is no complete run, or it was made on other data.
        DataError: its files or the dataset's cannot be read.
    """
    manifest = folder.finished
    if manifest is None:
        raise UsageError(f"{folder.path}: no complete run here; run it first")
    identity = manifest["identity"]
    if identity["dataset_hash"] != dataset.hash:
        raise UsageError(
            f"{folder.path}: was run on other data than {dataset.name} as it is now; "
            "name the right one with --dataset, or run it again"
        )
    errors, said = folder.errors(), folder.trajectories()
    errors = errors[errors["protocol"] == strict.NAME].rename(columns={"onset_frame": "frame"})
    rows = errors.merge(said[["piece", "page", "frame", "x_px", "y_px"]], on=["piece", "page", "frame"], how="left")
    judged = [
        _judge_piece(rows_of_piece, dataset.load(identity["split"], str(piece)))
        for piece, rows_of_piece in rows.groupby("piece", sort=True)
    ]
    return pd.concat(judged, ignore_index=True)


def _judge_piece(rows: pd.DataFrame, recording: Recording) -> pd.DataFrame:
    """Rows of one piece, those of a page by time, as ``strict`` scores them."""
    onsets, judged = recording.onsets(), []
    for page in recording.pages:
        here = rows[rows["page"] == page.index]
        if len(here):
            truth = onsets[onsets["page"] == page.index]
            verdicts = _verdicts(here, truth["y_px"].to_numpy(), np.sort(page.systems["y_px"].to_numpy()))
            places = {"system": truth["system"].to_numpy(), "true_x_px": truth["x_px"].to_numpy()}
            judged.append(here.assign(verdict=verdicts, printed=printed(truth, recording.notes), **places))
    return pd.concat(judged)[["piece", "page", "onset_s", "system", "true_x_px", "x_px", "y_px", "verdict", "printed"]]


def printed(onsets: pd.DataFrame, notes: pd.DataFrame) -> list[str]:
    """Whether the pitches of each onset and of those before it (``LATELY``) stand once on the page, or elsewhere, too.

    Args:
        onsets: of one page (``ONSET_COLUMNS``), by time.
        notes: ``NOTE_COLUMNS``, of the whole recording.

    Returns:
        "once on the page", "again on the page", or "pitches unknown", one an onset.
    """
    played = notes[notes["onset_s"].notna() & notes["position"].isin(onsets["position"])]
    if (played["pitch"] < 0).any():
        return ["pitches unknown"] * len(onsets)
    pitches = onsets["position"].map(played.groupby("position")["pitch"].agg(frozenset)).tolist()
    lately = [tuple(pitches[max(0, at + 1 - LATELY) : at + 1]) for at in range(len(pitches))]
    places: dict[tuple[frozenset[int], ...], set[tuple[int, float]]] = defaultdict(set)
    for heard, system, x_px in zip(lately, onsets["system"], onsets["x_px"].round(), strict=True):
        places[heard].add((system, x_px))
    return ["again on the page" if len(places[heard]) > 1 else "once on the page" for heard in lately]


def _verdicts(rows: pd.DataFrame, truth_y: NDArray[np.float64], systems_y: NDArray[np.float64]) -> NDArray[np.str_]:
    def nearest(y: NDArray[np.float64]) -> NDArray[np.int64]:
        system: NDArray[np.int64] = np.abs(systems_y[None] - y[:, None]).argmin(1)
        return system

    error_s = rows["error_s"].to_numpy()
    answered = rows["answered"].to_numpy(bool)
    away = np.abs(nearest(np.where(answered, rows["y_px"].to_numpy(), 0.0)) - nearest(truth_y))
    conditions = [~answered, np.abs(error_s) <= TRACKED_S, away > 1, away == 1, error_s > 0]
    return np.select(conditions, ["unanswered", "tracked", "lost", "next system", "ahead"], "behind")


def count(judged: pd.DataFrame, by: str) -> pd.DataFrame:
    """Onsets, and the share of each verdict, by ``by`` (a key of ``GROUPS``): the worst first, all together last."""
    shares = pd.crosstab(GROUPS[by](judged), judged["verdict"], normalize="index").reindex(
        columns=VERDICTS, fill_value=0.0
    )
    shares.insert(0, "onsets", GROUPS[by](judged).value_counts())
    shares = shares.sort_values("tracked", kind="stable")
    together = judged["verdict"].value_counts(normalize=True).reindex(VERDICTS, fill_value=0.0)
    shares.loc["all"] = [len(judged), *together]
    return shares.astype({"onsets": "int64"})
