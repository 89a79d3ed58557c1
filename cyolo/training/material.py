"""What is trained on: pages as the network sees them, their sound, and where the note is at each frame."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyolo.page import SIZE_PX, network_input, scale_of
from scorebench.dataset import Dataset
from scorebench.errors import DataError
from scorebench.protocol.pages import PagePlan, plan_pages
from scorebench.score import Recording
from scorebench.timebase import frames_complete

NOTE_WIDTH_PX = 30
"""Width of the box of a note, in page pixels; it is as high as its system."""

MARGIN_PX = 50
"""A page is moved about so that no system comes nearer to the edge than this, in page pixels."""


@dataclass(frozen=True)
class TrainingPage:
    """One page and its sound.

    Attributes:
        name: piece and page.
        picture: (416, 416) uint8, 255 is ink.
        shifts: how far it may be moved: least and most rows, least and most columns, in pixels of the input.
        audio: (samples,) int16 at 22 050 Hz, from the frame at which the page is opened.
        frames: how many frames are complete in ``audio``.
        onset_frame: (onsets,) int64 ascending, counted from that frame; not all lie within ``frames``.
        box: (onsets, 4) float32, centre x, y, width, height as shares of the picture.
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


def training_pages(
    dataset: Dataset, split: str, advance: Callable[[], None] = lambda: None, only: Sequence[str] = ()
) -> list[TrainingPage]:
    """All pages of ``split`` with something to hear on them, in the order of the dataset.

    Args:
        advance: called after each piece.
        only: these pieces alone.

    Raises:
        DataError: there is no such page.
        ScorebenchError: a piece cannot be read.
    """
    names = [name for name in dataset.pieces(split) if not only or name in only]
    pages: list[TrainingPage] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # pictures and sounds are decoded outside Python's lock
        for found in pool.map(lambda name: list(_pages_of(dataset.load(split, name))), names):
            pages += found
            advance()
    if not pages:
        raise DataError(f"{dataset.name}: no page of {split} has an onset to train on")
    return pages


def _pages_of(recording: Recording) -> Iterator[TrainingPage]:
    audio = recording.read_audio()
    for plan in plan_pages(recording, len(audio)):
        page = _page_of(plan, plan.sound(audio))
        if page.frames and page.onset_frame[0] < page.frames:
            yield page


def _page_of(plan: PagePlan, audio: NDArray[np.float32]) -> TrainingPage:
    image, systems = plan.page.image, plan.page.systems
    scale = scale_of(*image.shape)
    here = np.flatnonzero(plan.merged.page == plan.page.index)
    x, y = plan.merged.x_px[here], plan.merged.y_px[here]
    height = systems["h_px"].to_numpy()[np.abs(systems["y_px"].to_numpy()[None] - y[:, None]).argmin(1)]
    side = scale.factor * SIZE_PX
    box = np.stack(
        [
            (x + scale.pad_left_px) / side,
            (y + scale.pad_top_px) / side,
            np.full(len(x), NOTE_WIDTH_PX / side),
            height / side,
        ],
        1,
    )
    return TrainingPage(
        name=f"{plan.page.piece} page {plan.page.index}",
        picture=np.round(network_input(image) * 255).astype(np.uint8),
        shifts=_shifts(plan),
        audio=np.round(np.clip(audio, -1, 1) * 32767).astype(np.int16),
        frames=frames_complete(len(audio)),
        onset_frame=plan.merged.frame[here] - plan.start_frame,
        box=box.astype(np.float32),
        plan=plan,
    )


def _shifts(plan: PagePlan) -> tuple[int, int, int, int]:
    """How far the page may be moved up, down, left and right until a system comes near its edge."""
    s, image = plan.page.systems, plan.page.image
    scale = scale_of(*image.shape)
    side = scale.factor * SIZE_PX
    top = float((s["y_px"] - s["h_px"] / 2).min()) + scale.pad_top_px
    bottom = float((s["y_px"] + s["h_px"] / 2).max()) + scale.pad_top_px
    left = float((s["x_px"] - s["w_px"] / 2).min()) + scale.pad_left_px
    right = float((s["x_px"] + s["w_px"] / 2).max()) + scale.pad_left_px
    least = (min(0.0, MARGIN_PX - top), min(0.0, MARGIN_PX - left))
    most = (max(0.0, side - bottom - MARGIN_PX), max(0.0, side - right - MARGIN_PX))
    return tuple(int(v / scale.factor) for v in (least[0], most[0], least[1], most[1]))  # type: ignore[return-value]
