"""How long it takes to read a page, and how fast what was read is followed, on one core."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from baselines.omr.tracker import QUARTERS_A_MINUTE, OmrTracker
from scorebench.bench import Rows
from scorebench.bench.clock import one_core, timed
from scorebench.omr import Reading
from scorebench.omr_engines import DEFAULT, load_engine
from scorebench.score import ScoreView
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE

MINUTES = 2
"""Of sound that are followed, hop by hop."""


class _Has:
    """An engine that has read already."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def read(self, page: NDArray[np.uint8]) -> Reading:  # noqa: ARG002
        return self._reading


def run() -> Rows:
    """One row a page of mini's first piece: how long reading, rendering and following keep the core busy."""
    from scorebench.dataset import open_dataset

    dataset = open_dataset()
    split = dataset.splits()[0]
    recording = dataset.load(split, dataset.pieces(split)[0])
    sound = np.resize(recording.read_audio(), round(MINUTES * 60 * SAMPLE_RATE))
    engine = load_engine(DEFAULT)
    with one_core():
        engine.read(recording.pages[0].image)  # compiles, and loads what it needs
        return [_row(engine.read, page.image, page.index, sound) for page in recording.pages]


def _row(
    read: Callable[[NDArray[np.uint8]], Reading], page: NDArray[np.uint8], index: int, sound: NDArray[np.float32]
) -> dict[str, object]:
    reading, read_s = timed(lambda: read(page))
    follower, open_s = timed(lambda: OmrTracker(_Has(reading)).open(ScoreView((page,)), 0))
    hops = [sound[at : at + HOP_SAMPLES] for at in range(0, len(sound) - HOP_SAMPLES + 1, HOP_SAMPLES)]
    times = np.array([timed(partial(follower.hear, hop))[1] for hop in hops])
    hop_s = HOP_SAMPLES / SAMPLE_RATE
    return {
        "page": index,
        "notes read": len(reading.notes),
        "reading (s)": read_s,
        f"rendering {len(QUARTERS_A_MINUTE)} tempi (s)": open_s,
        "a hop (ms)": 1e3 * float(np.median(times)),
        "99 % below (ms)": 1e3 * float(np.quantile(times, 0.99)),
        "real-time factor": float(times.mean()) / hop_s,
    }
