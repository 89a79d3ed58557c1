"""Which pitches are printed where on a page, and which are struck when: what lessons teach before a training."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from scorebench.errors import DataError
from scorebench.learning.lessons import Look
from scorebench.learning.pages import TrainingPage

LOWEST_PITCH, PITCHES = 21, 88
"""The keys of a piano, as MIDI numbers."""
FINE_PX, COARSE_PX = 8, 16
"""Sizes of a cell before the layer that is taught and after it, in pixels of the picture."""


@dataclass(frozen=True)
class Pitches:
    """The notes of one page.

    Attributes:
        shape: (rows, columns) of the picture that the network is shown.
        x, y: (notes,) float64, centres of the noteheads in its pixels.
        key: (notes,) int64, the piano's keys from 0.
        moments: (m,) int64 ascending, frames of the page's sound at which anything is struck.
        struck_at: (m, 88) float32, 1 for the keys that are struck then.
    """

    shape: tuple[int, int]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    key: NDArray[np.int64]
    moments: NDArray[np.int64]
    struck_at: NDArray[np.float32]

    def printed(self, cell_px: int, down: int, right: int) -> Tensor:
        """(88, rows, columns) float32: 1 where a key is printed in a cell, on the page moved by so many pixels.

        What remains at the right and at the bottom belongs to the last cells, as a network that halves rounds down.
        """
        cells = tuple(size // cell_px for size in self.shape)
        row, column = (
            np.clip((at + move) // cell_px, 0, count - 1).astype(np.int64)
            for at, move, count in ((self.y, down, cells[0]), (self.x, right, cells[1]))
        )
        target = torch.zeros(PITCHES, *cells)
        target[self.key, row, column] = 1
        return target

    def look(self, picture: Tensor, down: int = 0, right: int = 0) -> Look:
        """``picture``, of the page moved by so many pixels, with what is printed in its cells."""
        fine, coarse = (self.printed(cell, down, right).to(picture.device) for cell in (FINE_PX, COARSE_PX))
        return Look(picture, fine, coarse)

    def struck(self, frames: NDArray[np.int64]) -> Tensor:
        """(n, 88) float32: the keys struck last at each of ``frames``; none before the first."""
        now = np.searchsorted(self.moments, frames, side="right") - 1
        keys = np.where(now[:, None] >= 0, self.struck_at[np.maximum(now, 0)], np.float32(0))
        return torch.from_numpy(keys)


Place = Callable[[pd.DataFrame], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""x and y (n,) of notes in pixels of the picture."""


FrameAt = Callable[[NDArray[np.float64]], NDArray[np.int64]]
"""The frames (n,) of the page's sound in which onsets (n,) fall, given in seconds."""


def pitches_of(page: TrainingPage, place: Place, frame_at: FrameAt) -> Pitches:
    """The notes of ``page``.

    Raises:
        DataError: the dataset does not know pitches, or where the noteheads are.
    """
    notes = page.plan.notes
    if (notes["pitch"] < 0).any() or notes["y_px"].isna().any():
        raise DataError(f"{page.name}: no pitches or no noteheads to learn; train without lessons")
    key = np.clip(notes["pitch"].to_numpy() - LOWEST_PITCH, 0, PITCHES - 1)
    played = notes["onset_s"].notna().to_numpy()
    moments, which = np.unique(frame_at(notes["onset_s"].to_numpy()[played]), return_inverse=True)
    struck_at = np.zeros((len(moments), PITCHES), np.float32)
    struck_at[which, key[played]] = 1
    rows, columns = page.picture.shape
    return Pitches((rows, columns), *place(notes), key, moments, struck_at)
