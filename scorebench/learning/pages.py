"""What is trained on: pages as a network sees them, their sound, and where the note is at each frame."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorebench.dataset import Dataset
from scorebench.errors import DataError
from scorebench.learning.sound import FULL_SCALE
from scorebench.protocol.pages import PagePlan, plan_pages
from scorebench.score import Recording


@dataclass(frozen=True)
class TrainingPage:
    """One page and its sound. Pixels, frames and the unit of boxes are those of the network it is made for.

    Attributes:
        name: piece and page.
        picture: (rows, columns) uint8, 255 is ink.
        shifts: how far it may be moved: least and most rows, least and most columns, in its pixels.
        audio: (samples,) int16 at 22 050 Hz, from the frame at which the page is opened.
        frames: how many frames are complete in ``audio``.
        onset_frame: (onsets,) int64 ascending, counted from that frame; not all lie within ``frames``.
        box: (onsets, 4) float32, centre x, y, width, height.
        plan: how the evaluation sees the page.
    """

    name: str
    picture: NDArray[np.uint8]
    shifts: tuple[int, int, int, int]
    audio: NDArray[np.int16]
    frames: int
    onset_frame: NDArray[np.int64]
    box: NDArray[np.float32]
    plan: PagePlan

    def boxes_at(self, frames: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, 4) the box that holds at each of ``frames``: that of the onset before, or else of the first."""
        now = np.searchsorted(self.onset_frame, frames, side="right") - 1
        return self.box[np.maximum(now, 0)]

    def some_shift(self, random: np.random.Generator) -> tuple[int, int]:
        """How far to move it, in pixels down and to the right."""
        up, down, left, right = self.shifts
        return int(random.integers(up, down + 1)), int(random.integers(left, right + 1))

    def some_onsets(self, count: int) -> NDArray[np.int64]:
        """At most ``count`` frames with an onset, spread evenly over the page."""
        onsets = np.unique(self.onset_frame[self.onset_frame < self.frames])
        some: NDArray[np.int64] = onsets[np.unique(np.linspace(0, len(onsets) - 1, count).astype(int))]
        return some


PageMaker = Callable[[PagePlan, NDArray[np.float32]], TrainingPage]
"""Makes the page of a plan and of the (samples,) float32 that are heard on it."""


def training_pages(
    dataset: Dataset, split: str, make: PageMaker, advance: Callable[[], None] = lambda: None, only: Sequence[str] = ()
) -> list[TrainingPage]:
    """All pages of ``split`` with something to hear on them, in the order of the dataset.

    Args:
        make: called for each page.
        advance: called after each piece.
        only: these pieces alone.

    Raises:
        DataError: there is no such page.
        ScorebenchError: a piece cannot be read.
    """
    names = [name for name in dataset.pieces(split) if not only or name in only]
    pages: list[TrainingPage] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # pictures and sounds are decoded outside Python's lock
        for found in pool.map(lambda name: list(_pages_of(dataset.load(split, name), make)), names):
            pages += found
            advance()
    if not pages:
        raise DataError(f"{dataset.name}: no page of {split} has an onset to train on")
    return pages


def _pages_of(recording: Recording, make: PageMaker) -> Iterator[TrainingPage]:
    audio = recording.read_audio()
    for plan in plan_pages(recording, len(audio)):
        page = make(plan, plan.sound(audio))
        if len(page.onset_frame) and page.onset_frame[0] < page.frames:
            yield page


def in_16_bits(audio: NDArray[np.float32]) -> NDArray[np.int16]:
    """(samples,) float32 in [-1, 1] as int16: half the memory."""
    return np.round(np.clip(audio, -1, 1) * FULL_SCALE).astype(np.int16)


def ink_levels(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A picture from 0 (paper) to 1 (ink) in 256 levels: a quarter of the memory."""
    return np.round(picture * 255).astype(np.uint8)
