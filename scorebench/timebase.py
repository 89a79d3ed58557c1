"""Samples, frames and seconds: the only place that knows how they relate.

A frame is one hop of 1102 samples at 22 050 Hz (49.98 ms); frame ``f`` of a sound is complete,
and may be asked for, once its first ``2048 + 1102 f`` samples have been heard
(Henkel & Widmer 2021, section III-A).
"""

from typing import overload

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22_050
"""Samples a second of everything scorebench hears."""

HOP_SAMPLES = 1102
"""Samples from one frame to the next."""

WINDOW_SAMPLES = 2048
"""Samples one frame looks at."""

FRAMES_PER_SECOND = SAMPLE_RATE / HOP_SAMPLES
"""20.0090744 frames a second."""

THRESHOLDS_S = (0.05, 0.10, 0.50, 1.00, 5.00)
"""The five error thresholds of Table II, in seconds."""


@overload
def onset_frame(onset_s: float) -> int: ...
@overload
def onset_frame(onset_s: NDArray[np.float64]) -> NDArray[np.int64]: ...
def onset_frame(onset_s: float | NDArray[np.float64]) -> int | NDArray[np.int64]:
    """Frame in which an onset falls: ``int(onset_s * FRAMES_PER_SECOND)``, truncated towards 0."""
    if isinstance(onset_s, np.ndarray):
        return (onset_s * FRAMES_PER_SECOND).astype(np.int64)
    return int(onset_s * FRAMES_PER_SECOND)


def samples_heard(frame: int) -> int:
    """Samples from the start of the sound that must have been heard before ``frame`` is asked."""
    return WINDOW_SAMPLES + HOP_SAMPLES * frame


def frames_complete(samples: int) -> int:
    """How many frames (0, 1, ...) are complete once ``samples`` samples have been heard."""
    return 0 if samples < WINDOW_SAMPLES else 1 + (samples - WINDOW_SAMPLES) // HOP_SAMPLES


def frame_count(samples: int) -> int:
    """Frames that the published evaluation counts in a sound: ``ceil(FPS * samples / rate)``."""
    return int(np.ceil(FRAMES_PER_SECOND * samples / SAMPLE_RATE))
