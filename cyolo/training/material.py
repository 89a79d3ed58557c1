"""What CYOLO is trained on: pages as it sees them, their sound, and where the note is at each frame."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cyolo.page import SIZE_PX, network_input, scale_of
from scorebench.learning.pages import TrainingPage, in_16_bits, ink_levels
from scorebench.learning.pitches import Pitches, pitches_of
from scorebench.protocol.pages import PagePlan
from scorebench.timebase import frames_complete, onset_frame

NOTE_WIDTH_PX = 30
"""Width of the box of a note, in page pixels; it is as high as its system."""

MARGIN_PX = 50
"""A page is moved about so that no system comes nearer to the edge than this, in page pixels."""


def page_of(plan: PagePlan, audio: NDArray[np.float32]) -> TrainingPage:
    """The page of ``plan`` as CYOLO sees it, with the sound (samples,) heard on it; boxes as shares of the picture."""
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
        picture=ink_levels(network_input(image)),
        shifts=_shifts(plan),
        audio=in_16_bits(audio),
        frames=frames_complete(len(audio)),
        onset_frame=plan.merged.frame[here] - plan.start_frame,
        box=box.astype(np.float32),
        plan=plan,
    )


def notes_of(page: TrainingPage) -> Pitches:
    """The notes of ``page``, for lessons. DataError where the dataset does not know them."""
    scale = scale_of(*page.plan.page.image.shape)

    def place(notes: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x, y = notes["x_px"] + scale.pad_left_px, notes["y_px"] + scale.pad_top_px
        return x.to_numpy() / scale.factor, y.to_numpy() / scale.factor

    return pitches_of(page, place, lambda onset_s: onset_frame(onset_s) - page.plan.start_frame)


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
