"""What the benchmarks of trackers share: one core, the time it was busy, and something to hear."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scorebench.samplepage import sample_recording
from scorebench.timebase import SAMPLE_RATE

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` gives, and the seconds that it kept its core busy: what else runs on the machine hardly counts."""
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


@contextmanager
def one_core() -> Iterator[None]:
    """torch computes on one core inside."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def sample_music(seconds: int) -> NDArray[np.float32]:
    """(samples,) float32 at 22 050 Hz: the sample page's music, again and again."""
    return np.resize(sample_recording().read_audio(), seconds * SAMPLE_RATE)
