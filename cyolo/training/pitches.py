"""Which pitches are printed where on a page, and which are struck when: what lessons teach before detection."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyolo.page import SIZE_PX, scale_of
from scorebench.errors import DataError
from scorebench.learning.pages import TrainingPage
from scorebench.timebase import onset_frame

LOWEST_PITCH, PITCHES = 21, 88
"""The keys of a piano, as MIDI numbers."""


@dataclass(frozen=True)
class Pitches:
    """The notes of one page.

    Attributes:
        x, y: (notes,) float64, centres of the noteheads in pixels of the network's input.
        key: (notes,) int64, the piano's keys from 0.
        moments: (m,) int64 ascending, frames of the page's sound at which anything is struck.
        struck_at: (m, 88) float32, 1 for the keys that are struck then.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    key: NDArray[np.int64]
    moments: NDArray[np.int64]
    struck_at: NDArray[np.float32]

    def printed(self, cell_px: int, down: int, right: int) -> Tensor:
        """(88, rows, columns) float32: 1 where a key is printed in a cell, on the page moved by so many pixels."""
        cells = SIZE_PX // cell_px
        rows, columns = (
            np.clip((at + move) // cell_px, 0, cells - 1).astype(np.int64)
            for at, move in ((self.y, down), (self.x, right))
        )
        target = torch.zeros(PITCHES, cells, cells)
        target[self.key, rows, columns] = 1
        return target

    def struck(self, frames: NDArray[np.int64]) -> Tensor:
        """(n, 88) float32: the keys struck last at each of ``frames``; none before the first."""
        now = np.searchsorted(self.moments, frames, side="right") - 1
        keys = np.where(now[:, None] >= 0, self.struck_at[np.maximum(now, 0)], np.float32(0))
        return torch.from_numpy(keys)


def pitches_of(page: TrainingPage) -> Pitches:
    """The notes of ``page``.

    Raises:
        DataError: the dataset does not know pitches, or where the noteheads are.
    """
    plan = page.plan
    notes = plan.notes
    if (notes["pitch"] < 0).any() or notes["y_px"].isna().any():
        raise DataError(f"{page.name}: no pitches or no noteheads to learn; train without lessons")
    scale = scale_of(*plan.page.image.shape)
    key = np.clip(notes["pitch"].to_numpy() - LOWEST_PITCH, 0, PITCHES - 1)
    played = notes["onset_s"].notna().to_numpy()
    frames = onset_frame(notes["onset_s"].to_numpy()[played]) - plan.start_frame
    moments, which = np.unique(frames, return_inverse=True)
    struck_at = np.zeros((len(moments), PITCHES), np.float32)
    struck_at[which, key[played]] = 1
    x, y = (notes["x_px"] + scale.pad_left_px) / scale.factor, (notes["y_px"] + scale.pad_top_px) / scale.factor
    return Pitches(x.to_numpy(), y.to_numpy(), key, moments, struck_at)
