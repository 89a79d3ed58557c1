"""What readers of a strip are trained on: the strip of each page, what is heard, and where along the strip that is."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from baselines.strip.sound import FRAMES_PER_SECOND
from baselines.strip.unroll import Strip, unroll
from scorebench.dataset import Dataset
from scorebench.errors import DataError
from scorebench.learning.sound import as_heard, at_moments
from scorebench.protocol.pages import PagePlan, plan_pages
from scorebench.score import Recording
from scorebench.spectrogram import SpectrogramStream, cunet_recipe
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE

_NEGLIGIBLE_FRAMES = 1e-9


@dataclass(frozen=True, eq=False)
class Playing:
    """A page as it is played once, T frames long, 20.00 a second.

    Attributes:
        spectrum: (T, 78) float32, as CUNet hears; of windows of it ``sound.windows_of`` makes views.
        at_frame: (T,) float64, where along the strip the music is, in pixels of the strip.
        onset_frame: (onsets,) int64 ascending, frames with an onset.
    """

    spectrum: NDArray[np.float32]
    at_frame: NDArray[np.float64]
    onset_frame: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StripPage:
    """One page and its sound, from the sample at which the page is opened.

    Attributes:
        name: piece and page.
        plan: how the evaluation sees the page.
        strip: its systems side by side.
        bands: (frames, 78) float16, magnitudes in the bands of CUNet's spectrogram, of all frames that are complete.
        onset_frame: (onsets,) int64 ascending, those within ``frames``; an onset falls into ``int(seconds * 20)``.
        onset_x: (onsets,) float64, where along the strip each is.
    """

    name: str
    plan: PagePlan
    strip: Strip
    bands: NDArray[np.float16]
    onset_frame: NDArray[np.int64]
    onset_x: NDArray[np.float64]

    @property
    def frames(self) -> int:
        """How many frames are complete in its sound."""
        return len(self.bands)

    @property
    def spectrum(self) -> NDArray[np.float32]:
        """(frames, 78) what is heard, computed anew; within 3e-4 of what a tracker hears, as ``bands`` are rounded."""
        return self.played().spectrum

    @property
    def at_frame(self) -> NDArray[np.float64]:
        """(frames,) where along the strip the music is at each frame."""
        return position_at(np.arange(self.frames, dtype=np.float64), self.onset_frame, self.onset_x)

    def played(self, moments: NDArray[np.float64] | None = None, gain: NDArray[np.float64] | float = 1.0) -> Playing:
        """The page in another tempo: its frame f is the moment ``moments[f]`` of the recording, ``gain[f]`` as loud.

        Magnitudes are interpolated between frames, as everywhere (``scorebench.learning.sound``).

        Args:
            moments: (T,) in frames, strictly ascending from 0 on, below ``frames``; without it, as it was recorded.
            gain: (T,), or the same for all.
        """
        if moments is None:
            moments = np.arange(self.frames, dtype=np.float64)
        bands = at_moments(torch.from_numpy(self.bands).float(), torch.from_numpy(moments))
        louder = torch.from_numpy(np.broadcast_to(gain, moments.shape).astype(np.float32))
        onset_frame = np.searchsorted(moments, self.onset_frame - _NEGLIGIBLE_FRAMES)
        return Playing(
            spectrum=as_heard(bands * louder[:, None]).numpy(),
            at_frame=position_at(moments, self.onset_frame, self.onset_x),
            onset_frame=np.unique(np.minimum(onset_frame, len(moments) - 1)),
        )


def position_at(
    moments: NDArray[np.float64], onset_frame: NDArray[np.int64], onset_x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where along a strip the music is at some moments.

    From one onset to the next it moves evenly; where the next is further back (a repeat), it stays until it jumps.
    Before the first onset it is there already, after the last it stays there.

    Args:
        moments: (n,) in frames, not necessarily whole.
        onset_frame: (onsets,) ascending, at least one; of several in one frame the last counts.
        onset_x: (onsets,) pixels of the strip.

    Returns:
        (n,) float64 pixels of the strip.
    """
    last = np.append(np.diff(onset_frame) > 0, True)
    frame, x = onset_frame[last], onset_x[last]
    now = np.clip(np.searchsorted(frame, moments, side="right") - 1, 0, None)
    then = np.minimum(now + 1, len(frame) - 1)
    share = np.clip((moments - frame[now]) / np.maximum(frame[then] - frame[now], 1), 0, 1)
    return np.asarray(x[now] + np.maximum(x[then] - x[now], 0) * share, np.float64)


def page_of(plan: PagePlan, audio: NDArray[np.float32]) -> StripPage:
    """The page of ``plan`` with the sound (samples,) heard on it."""
    strip = unroll(plan.page.image, plan.page.systems)
    log_bands = SpectrogramStream(cunet_recipe()).push(audio)
    onsets = plan.onsets
    since_s = onsets["onset_s"].to_numpy() - plan.start_frame * HOP_SAMPLES / SAMPLE_RATE
    onset_frame = np.maximum(since_s * FRAMES_PER_SECOND, 0).astype(np.int64)
    heard = onset_frame < len(log_bands)
    return StripPage(
        name=f"{plan.page.piece} page {plan.page.index}",
        plan=plan,
        strip=strip,
        bands=(np.power(10.0, log_bands) - 1).astype(np.float16),
        onset_frame=onset_frame[heard],
        onset_x=strip.from_page(onsets["x_px"].to_numpy(), onsets["y_px"].to_numpy())[heard],
    )


def strip_pages(
    dataset: Dataset, split: str, advance: Callable[[], None] = lambda: None, only: Sequence[str] = ()
) -> list[StripPage]:
    """All pages of ``split`` on which an onset is heard, in the order of the dataset: those that are evaluated.

    Args:
        advance: called after each piece.
        only: these pieces alone.

    Raises:
        DataError: there is no such page.
        ScorebenchError: a piece cannot be read.
    """
    names = [name for name in dataset.pieces(split) if not only or name in only]
    pages: list[StripPage] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # pictures and sounds are decoded outside Python's lock
        for found in pool.map(lambda name: list(_pages_of(dataset.load(split, name))), names):
            pages += found
            advance()
    if not pages:
        raise DataError(f"{dataset.name}: no page of {split} has an onset to train on")
    return pages


def _pages_of(recording: Recording) -> Iterator[StripPage]:
    audio = recording.read_audio()
    for plan in plan_pages(recording, len(audio)):
        page = page_of(plan, plan.sound(audio))
        if len(page.onset_frame):
            yield page
