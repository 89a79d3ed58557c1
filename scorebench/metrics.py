"""From errors to the figures of Table II."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scorebench.protocol import cyolo2021, strict
from scorebench.timebase import THRESHOLDS_S


def within(errors: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows (``ERROR_COLUMNS`` of one protocol) are tracked within each threshold.

    ``cyolo-2021`` compares whole frames (1, 2, 10, 20, 100), ``strict`` seconds. A miss is within none.

    Returns:
        (rows, 5) bool.
    """
    whole = errors["protocol"].to_numpy() == cyolo2021.NAME
    frames, seconds = errors["error_frames"].to_numpy(), np.abs(errors["error_s"].to_numpy())
    by_frame = frames[:, None] <= np.array(cyolo2021.THRESHOLDS_FRAMES)
    by_second = seconds[:, None] <= np.array(THRESHOLDS_S)
    answered = errors["answered"].to_numpy()[:, None]
    hits: NDArray[np.bool_] = np.where(whole[:, None], by_frame, by_second) & answered
    return hits


def _mean(hits: NDArray[np.bool_]) -> list[float]:
    return [float(v) for v in hits.mean(axis=0)] if len(hits) else [0.0] * len(THRESHOLDS_S)


def _mean_of_means(hits: NDArray[np.bool_], keys: pd.DataFrame) -> list[float]:
    if not len(hits):
        return _mean(hits)
    groups = pd.DataFrame(hits).groupby([keys[c].to_numpy() for c in keys.columns])
    return [float(v) for v in groups.mean().mean()]


def summarise(errors: pd.DataFrame) -> dict[str, Any]:
    """The figures of one run under one protocol.

    Args:
        errors: ``ERROR_COLUMNS`` of one protocol.

    Returns:
        ratios at the five thresholds over all onsets (``micro``, as the paper), as mean over pages
        (``macro_page``) and pieces (``macro_piece``); ``median_error_s`` (signed under strict; null when
        nothing was answered); counts of pages, pieces, onsets, unanswered and revisited onsets.
    """
    hits = within(errors)
    answered = errors.loc[errors["answered"], "error_s"]
    return {
        "thresholds_s": list(THRESHOLDS_S),
        "micro": _mean(hits),
        "macro_page": _mean_of_means(hits, errors[["piece", "page"]]),
        "macro_piece": _mean_of_means(hits, errors[["piece"]]),
        "median_error_s": float(answered.median()) if len(answered) else None,
        "pages": len(errors[["piece", "page"]].drop_duplicates()),
        "pieces": int(errors["piece"].nunique()),
        "onsets": len(errors),
        "unanswered": int((~errors["answered"]).sum()),
        "revisited": int(errors["revisited"].sum()),
    }


def evaluate(errors: pd.DataFrame, protocols: Iterable[str] = (cyolo2021.NAME, strict.NAME)) -> dict[str, Any]:
    """``summarise`` for each of ``protocols`` by name."""
    return {name: summarise(errors[errors["protocol"] == name]) for name in protocols}
