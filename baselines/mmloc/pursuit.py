"""Following along a strip: a snippet of it, where the music is in the snippet, and the snippet moves there.

A snippet is looked at for five frames, counted from the opening of the page, whether anybody asks or not; then the next
is centred on the median of what was found. So an answer does not depend on who asked when. What the network says of a
frame is weighed with where music that goes on from the middle of the snippet may be: dense layers over the whole
snippet, as the paper has them (Dorfer, Arzt & Widmer, ISMIR 2016), learn that from where the music is in snippets that
they are trained with; ours, which are the same for every column, cannot. Nothing else is remembered.
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
START_PX = 45
"""Where the first snippet is centred, along the strip: music begins about ``ONWARD_PX`` later."""
ONWARD_PX, SPREAD_PX = 45, 70
"""How far behind the middle of its snippet music is expected, in pixels of the strip, and the standard deviation."""


@dataclass(frozen=True)
class Found:
    """Where the music is at some frames. Arrays are (n,).

    Attributes:
        strip_x: float64, along the strip, in its pixels.
        confidence: float64, what the best bucket and its neighbours have of the probability.
    """

    strip_x: NDArray[np.float64]
    confidence: NDArray[np.float64]


def expectation() -> NDArray[np.float64]:
    """(40,) how likely the music is in each bucket before anything is heard, up to a factor."""
    px = (np.arange(BUCKETS) + 0.5) * (WIDTH_PX / BUCKETS) - WIDTH_PX / 2
    return np.asarray(np.exp(-(((px - ONWARD_PX) / SPREAD_PX) ** 2) / 2))


class Pursuit:
    """One page being followed, frame by frame."""

    def __init__(self, reader: Reader, strip: Strip) -> None:
        self._reader, self._strip = reader, strip
        self._expected = expectation()
        self._move_to(START_PX)

    def _move_to(self, strip_x: float) -> None:
        self._left = np.floor(strip_x + 0.5) - WIDTH_PX // 2
        self._seen: Tensor = self._reader.see(halved(excerpt(self._strip.image, strip_x)))
        self._found_here: list[float] = []

    def find(self, heard: Tensor) -> Found:
        """Where the music is at the next n frames, n at least 1: (n, joint_size), from ``Reader.hear``."""
        parts = []
        while len(heard):
            some = FRAMES_A_SNIPPET - len(self._found_here)
            parts.append(self._find_here(heard[:some]))
            self._found_here += parts[-1].strip_x.tolist()
            if len(self._found_here) == FRAMES_A_SNIPPET:
                self._move_to(float(np.median(self._found_here)))
            heard = heard[some:]
        return Found(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("strip_x", "confidence")))

    def _find_here(self, heard: Tensor) -> Found:
        likely = self._reader.locate(self._seen, heard) * self._expected
        place, confidence = places_of(likely / likely.sum(1, keepdims=True))
        strip_x = self._left + place * (WIDTH_PX / BUCKETS)
        return Found(np.clip(strip_x, 0, self._strip.image.shape[1]), confidence)


def find_all(reader: Reader, strip: Strip, spectrum: NDArray[np.float32]) -> Found:
    """Where the music is at every frame of a page, all that is heard known.

    Args:
        spectrum: (T, 78) float32, of the sound since the page was opened; T at least 1.
    """
    return Pursuit(reader, strip).find(reader.hear(windows_of(spectrum)))
