"""Following along a strip: a snippet of it, where the music is in the snippet, and the snippet moves there.

Every fifth frame, counted from the opening of the page, is looked for whether anybody asks or not, and the snippet is
then centred on what was found: so an answer does not depend on who asked when. Between, it stays, since reading it
costs more than all the rest. There is no memory but the snippet's place: each excerpt of the sound is localised by
itself (Dorfer, Arzt & Widmer, ISMIR 2016, section 4).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from baselines.mmloc.buckets import BUCKETS, places_of
from baselines.mmloc.inference import Reader
from baselines.strip.excerpt import WIDTH_PX, excerpt, halved
from baselines.strip.sound import windows_of
from baselines.strip.unroll import Strip

FRAMES_A_SNIPPET = 5
START_PX = 90
"""Where on a strip music begins, more or less: after clef, key and metre."""


@dataclass(frozen=True)
class Found:
    """Where the music is at some frames. Arrays are (n,).

    Attributes:
        strip_x: float64, along the strip, in its pixels.
        confidence: float64, what the best bucket and its neighbours have of the probability.
    """

    strip_x: NDArray[np.float64]
    confidence: NDArray[np.float64]


class Pursuit:
    """One page being followed, frame by frame in order; frames that nobody needs may be left out."""

    def __init__(self, reader: Reader, strip: Strip) -> None:
        self._reader, self._strip = reader, strip
        self._move_to(START_PX)

    def _move_to(self, strip_x: float) -> None:
        self._left = np.floor(strip_x + 0.5) - WIDTH_PX // 2
        self._seen: Tensor = self._reader.see(halved(excerpt(self._strip.image, strip_x)))

    def find(self, frames: NDArray[np.int64], heard: Tensor) -> Found:
        """Where the music is at ``frames``.

        Args:
            frames: (n,) ascending, none before those of the call before; every one that ``moves_after`` is among them.
            heard: (n, sound_size), from ``Reader.hear``.
        """
        parts = []
        first = 0
        while first < len(frames):
            number = int(frames[first]) // FRAMES_A_SNIPPET
            last = int(np.searchsorted(frames, (number + 1) * FRAMES_A_SNIPPET))
            parts.append(self._find_here(heard[first:last]))
            if moves_after(frames[last - 1]):
                self._move_to(float(parts[-1].strip_x[-1]))
            first = last
        return Found(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("strip_x", "confidence")))

    def _find_here(self, heard: Tensor) -> Found:
        place, confidence = places_of(self._reader.locate(self._seen, heard))
        strip_x = self._left + place * (WIDTH_PX / BUCKETS)
        return Found(np.clip(strip_x, 0, self._strip.image.shape[1]), confidence)


def moves_after(frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of ``frames`` must be looked for, because the snippet moves after them."""
    return np.asarray((frames + 1) % FRAMES_A_SNIPPET == 0)


def find_all(reader: Reader, strip: Strip, spectrum: NDArray[np.float32], frames: NDArray[np.int64]) -> Found:
    """Where the music is at ``frames`` of a page, all that is heard known.

    Args:
        spectrum: (T, 78) float32, of the sound since the page was opened.
        frames: (n,) ascending, less than T, not necessarily different; -1 stands for before the first frame.
    """
    every = np.arange(frames.max(initial=-1) + 1)
    wanted = every[moves_after(every) | np.isin(every, frames)]
    strip_x, confidence = np.array([float(START_PX)]), np.zeros(1)
    if len(wanted):
        found = Pursuit(reader, strip).find(wanted, reader.hear(windows_of(spectrum)[wanted]))
        strip_x, confidence = np.append(strip_x, found.strip_x), np.append(confidence, found.confidence)
    at = np.searchsorted(wanted, frames, side="right")  # 0 is the beginning
    return Found(strip_x[at], confidence[at])
