"""What CUNet is trained on: pages at a third of their size, and where on them the note is at each of its frames."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baselines.cunet.picture import BOX_WIDTH, see
from scorebench.learning.pages import TrainingPage, in_16_bits, ink_levels
from scorebench.learning.pitches import Pitches, pitches_of
from scorebench.protocol.pages import PagePlan
from scorebench.spectrogram import cunet_recipe
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE, samples_heard

SHIFT_UP, SHIFT_LEFT, SHIFT_RIGHT = -9, -9, 12
"""How far a page is moved at most, in pixels of the picture; down, until its last system meets the edge."""


def page_of(plan: PagePlan, audio: NDArray[np.float32]) -> TrainingPage:
    """The page of ``plan`` as CUNet sees it, with the sound (samples,) heard on it; boxes in pixels of the picture.

    An onset falls into the frame ``int(seconds * 20)``, counted from the opening of the page.
    """
    picture = see(plan.page.image)
    per_row = picture.shape[0] / plan.page.image.shape[0]
    per_column = picture.shape[1] / plan.page.image.shape[1]
    onsets, heights = plan.onsets, plan.page.systems.set_index("system")["h_px"]
    box = np.stack(
        [
            onsets["x_px"] * per_column,
            onsets["y_px"] * per_row,
            np.full(len(onsets), BOX_WIDTH),
            heights.reindex(onsets["system"]).to_numpy() * per_row,
        ],
        axis=1,
    )
    return TrainingPage(
        name=f"{plan.page.piece} page {plan.page.index}",
        picture=ink_levels(picture),
        shifts=_shifts(plan, picture.shape),
        audio=in_16_bits(audio),
        frames=cunet_recipe().frame_count(len(audio)),
        onset_frame=_frame_at(plan, onsets["onset_s"].to_numpy()),
        box=box.astype(np.float32),
        plan=plan,
    )


def notes_of(page: TrainingPage) -> Pitches:
    """The notes of ``page``, for lessons. DataError where the dataset does not know them."""
    image = page.plan.page.image
    per_row, per_column = page.picture.shape[0] / image.shape[0], page.picture.shape[1] / image.shape[1]

    def place(notes: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return notes["x_px"].to_numpy() * per_column, notes["y_px"].to_numpy() * per_row

    return pitches_of(page, place, lambda onset_s: _frame_at(page.plan, onset_s))


def _frame_at(plan: PagePlan, onset_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """The frame ``int(seconds * 20)`` in which each of ``onset_s`` falls, counted from the opening of the page."""
    since_s = onset_s - plan.start_frame * HOP_SAMPLES / SAMPLE_RATE
    frames: NDArray[np.int64] = np.maximum(since_s * (SAMPLE_RATE / cunet_recipe().hop_samples), 0).astype(np.int64)
    return frames


def _shifts(plan: PagePlan, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """How far the page may be moved up, down, left and right; no system is moved over an edge."""
    s, image = plan.page.systems, plan.page.image.shape
    per_row, per_column = shape[0] / image[0], shape[1] / image[1]
    top = float((s["y_px"] - s["h_px"] / 2).min()) * per_row
    bottom = shape[0] - float((s["y_px"] + s["h_px"] / 2).max()) * per_row
    left = float((s["x_px"] - s["w_px"] / 2).min()) * per_column
    right = shape[1] - float((s["x_px"] + s["w_px"] / 2).max()) * per_column
    up, down = max(SHIFT_UP, min(0, -int(top))), max(0, int(bottom))
    return up, down, max(SHIFT_LEFT, min(0, -int(left))), min(SHIFT_RIGHT, max(0, int(right)))


def newest_frames(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """The newest frame of CUNet that is complete when each of ``frames`` (n,) of the protocol is asked."""
    recipe = cunet_recipe()
    reach = samples_heard(0) - recipe.lead_samples  # sample on which the newest is centred at the latest, at frame 0
    return np.ceil((reach + HOP_SAMPLES * frames + 1) / recipe.hop_samples).astype(np.int64) - 1
