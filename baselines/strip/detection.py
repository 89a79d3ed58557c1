"""How well systems are found: against the true boxes of a dataset."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baselines.strip.systems import find_systems
from scorebench.dataset import Dataset
from scorebench.errors import DataError

ENOUGH = 0.8
"""A system is found by a box that shares more than that of the area of both."""


@dataclass(frozen=True)
class DetectorScores:
    """What was found on the pages of a split.

    Attributes:
        pages: how many there are.
        systems: how many there are on them.
        found: how many of these were found.
        false: boxes that are none of them.
        refused: pages on which no staff was found, as "piece page n".
        worst_px: the farthest that an edge of a found box is from the true one: left, top, right, bottom.
    """

    pages: int
    systems: int
    found: int
    false: int
    refused: tuple[str, ...]
    worst_px: tuple[float, float, float, float]


def detector_scores(dataset: Dataset, split: str) -> DetectorScores:
    """Find the systems of every page of ``split`` in its picture alone, and compare them with the true ones."""
    pages = [page for piece in dataset.pieces(split) for page in dataset.load(split, piece).pages]
    found = false = 0
    refused, errors = [], [np.zeros((1, 4))]
    for page in pages:
        try:
            boxes = edges(find_systems(page.image))
        except DataError:
            refused.append(f"{page.piece} page {page.index}")
            continue
        truth = edges(page.systems)
        shared = overlap(truth, boxes)
        hit, best = (shared > ENOUGH).any(axis=1), shared.argmax(axis=1)
        found += int(hit.sum())
        false += int((shared <= ENOUGH).all(axis=0).sum())
        errors.append(np.abs(boxes[best] - truth)[hit])
    left, top, right, bottom = np.concatenate(errors).max(axis=0).tolist()
    systems = sum(len(page.systems) for page in pages)
    return DetectorScores(len(pages), systems, found, false, tuple(refused), (left, top, right, bottom))


def edges(systems: pd.DataFrame) -> NDArray[np.float64]:
    """``SYSTEM_COLUMNS`` as (systems, 4) left, top, right, bottom in pixels of the page."""
    x, y, w, h = (systems[name].to_numpy(np.float64) for name in ("x_px", "y_px", "w_px", "h_px"))
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m) area that boxes (n, 4) and (m, 4) share, over that which they cover together."""
    a, b = one[:, None], other[None]
    shared = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(axis=-1)
    together = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - shared
    return np.asarray(shared / together, np.float64)
