"""Rooms, simulated on the bands of the spectrogram: cheap enough to hear every page of a training in some.

The power in a band after a room is that before it, convolved in time with how the power of the room's response in that
band arrives and decays. That leaves out how sounds of one pitch cancel and amplify each other.
"""

import numpy as np
from numpy.typing import NDArray

from scorebench.spectrogram import cunet_recipe
from scorebench.timebase import WINDOW_SAMPLES


def decay_of(response: NDArray[np.float32]) -> NDArray[np.float32]:
    """How the power of a response arrives in each band.

    Args:
        response: (samples,) at 22 050 Hz, direct sound first.

    Returns:
        (frames, 78) float32: the share of the power in the band that arrives so many frames later.
    """
    recipe = cunet_recipe()
    hop = int(recipe.hop_samples)
    late = np.pad(response, (hop // 2, 0))  # what arrives within half a frame is not late
    pieces = np.pad(late, (0, -len(late) % hop)).reshape(-1, hop)
    power = np.abs(np.fft.rfft(pieces, WINDOW_SAMPLES, axis=1)[:, : len(recipe.bank)]) ** 2
    return np.asarray(power @ recipe.bank / recipe.bank.sum(0), np.float32)


def in_room(bands: NDArray[np.float16], decay: NDArray[np.float32]) -> NDArray[np.float16]:
    """Magnitudes of the bands (T, 78) as they sound in the room of ``decay`` (frames, 78): (T, 78)."""
    power = np.square(bands.astype(np.float32))
    wet = np.zeros_like(power)
    for late, share in enumerate(decay[: len(power)]):
        wet[late:] += power[: len(power) - late] * share
    return np.sqrt(wet).astype(np.float16)
