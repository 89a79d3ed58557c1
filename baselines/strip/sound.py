"""What is heard at one moment: the last 2 s (40 frames, 78 bands) of the spectrogram that CUNet hears.

Hearing a sound piece by piece and at once gives the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from scorebench.filterbank import BANDS
from scorebench.spectrogram import SpectrogramStream, cunet_recipe
from scorebench.timebase import SAMPLE_RATE, WINDOW_SAMPLES

CONTEXT_FRAMES = 40
"""Frames that are heard back, the newest included."""
SNIPPET = (BANDS, CONTEXT_FRAMES)
"""Bands and frames of what a network hears."""
FRAMES_PER_SECOND = SAMPLE_RATE / cunet_recipe().hop_samples
"""20.00; an onset falls into the frame ``int(onset_s * FRAMES_PER_SECOND)``."""


def windows_of(spectrum: NDArray[np.float32], context: int = CONTEXT_FRAMES) -> NDArray[np.float32]:
    """The last frames heard at each frame of a spectrogram: a read-only view that copies nothing but the frames.

    Args:
        spectrum: (T, 78) float32.

    Returns:
        (T, 78, context), oldest first; zero before the beginning.
    """
    silence = np.zeros((context - 1, spectrum.shape[1]), spectrum.dtype)
    heard = np.concatenate([silence, spectrum])
    windows: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(heard, context, axis=0)
    return windows


def frames_heard(samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many frames are complete once ``samples`` samples, each of (n,), have been heard."""
    recipe = cunet_recipe()
    reach = WINDOW_SAMPLES - recipe.lead_samples  # of frame 0
    return np.maximum(np.ceil((samples - reach + 1) / recipe.hop_samples), 0).astype(np.int64)


class Listener:
    """Hears one performance.

    Attributes:
        frames: how many are complete so far.
    """

    def __init__(self) -> None:
        self._stream = SpectrogramStream(cunet_recipe())
        self._last = np.zeros((CONTEXT_FRAMES, BANDS), np.float32)

    @property
    def frames(self) -> int:
        """As said above."""
        return self._stream.frames

    @property
    def newest(self) -> NDArray[np.float32]:
        """(78, 40) float32, the last frames heard, oldest first; zero before the first."""
        return self._last.T

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take any number of new samples (float32, 22 050 Hz).

        Returns:
            (new frames, 78, 40) float32: what was heard at each frame that they complete, perhaps none.
        """
        heard = np.concatenate([self._last, self._stream.push(samples)])
        self._last = heard[-CONTEXT_FRAMES:]
        windows: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(heard, CONTEXT_FRAMES, axis=0)[1:]
        return windows
