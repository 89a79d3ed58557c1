"""What an agent hears and sees (Henkel, Balke, Dorfer & Widmer, TISMIR 2019, section 3): slices of arrays made once.

What is heard: the last 40 frames of CUNet's spectrogram, and their change since one frame earlier. What is seen: the
256 columns of the halved strip around a place, as ink, and their change since the place that was seen before.
"""

import numpy as np
from numpy.typing import NDArray

from baselines.strip.excerpt import SNIPPET, WIDTH_PX, halved
from baselines.strip.sound import CONTEXT_FRAMES
from scorebench.filterbank import BANDS

SOUND_SHAPE = (2, BANDS, CONTEXT_FRAMES)
"""Now and change; bands; frames, oldest first."""
SCORE_SHAPE = (2, *SNIPPET)
"""Now and change; rows; columns."""

LOUDEST = 4.0
"""More than any log magnitude of a sound between -1 and 1."""
LEVELS = 255
"""Of ink."""


class Sheet:
    """A strip, ready to be looked at from any of its columns.

    A view from an even column and one from an odd column are halved at different pixels, so both halvings are kept,
    in 256 levels of ink.

    Attributes:
        columns: of the strip; a place is one of them.
        levels: (80, w) uint8 of even and of odd places, 255 is ink; a view from place ``p`` begins at ``p // 2``.

    Args:
        image: (160, columns) uint8, 0 black.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.columns = image.shape[1]
        beyond = WIDTH_PX // 2
        padded = np.pad(image, ((0, 0), (beyond, beyond + 2)), constant_values=LEVELS)
        even = padded.shape[1] // 2 * 2
        self.levels = [_levels(halved(padded[:, :even])), _levels(halved(padded[:, 1 : even - 1]))]

    def view(self, place: int, place_before: int) -> NDArray[np.float32]:
        """What is seen at ``place`` by who was at ``place_before`` one frame ago.

        Returns:
            (2, 80, 256) float32: ink from 0 to 1, and its change, 0 where the place is the same.
        """
        seen = np.empty(SCORE_SHAPE, np.float32)
        np.multiply(self._at(place), np.float32(1 / LEVELS), out=seen[0])
        np.multiply(self._at(place_before), np.float32(-1 / LEVELS), out=seen[1])
        seen[1] += seen[0]
        return seen

    def _at(self, place: int) -> NDArray[np.uint8]:
        return self.levels[place % 2][:, place // 2 : place // 2 + SCORE_SHAPE[2]]


def _levels(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(ink * LEVELS).astype(np.uint8)


class Sound:
    """A spectrogram, ready to be listened to at any of its frames; silence comes before the first.

    Attributes:
        frames: how many there are.

    Args:
        spectrum: (frames, 78), as CUNet hears.
    """

    def __init__(self, spectrum: NDArray[np.floating]) -> None:
        self.frames = len(spectrum)
        silence = np.zeros((CONTEXT_FRAMES, BANDS), spectrum.dtype)
        self._bands = np.concatenate([silence, spectrum])

    def view(self, frame: int) -> NDArray[np.float32]:
        """What is heard at ``frame``; after the last frame it stays as it is.

        Returns:
            (2, 78, 40) float32: log magnitudes, and their change since one frame earlier.
        """
        frame = min(frame, self.frames - 1)
        return sound_view(self._bands[frame : frame + CONTEXT_FRAMES + 1])


def sound_view(bands: NDArray[np.floating]) -> NDArray[np.float32]:
    """(41, 78) the last frames of a spectrogram, oldest first, to (2, 78, 40): the last 40, and their change."""
    rows = bands.astype(np.float32)
    view = np.empty(SOUND_SHAPE, np.float32)
    view[0] = rows[1:].T
    view[1] = (rows[1:] - rows[:-1]).T
    return view
