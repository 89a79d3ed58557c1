"""How pages are played in practice: as recorded, faster or slower, or with a tempo and a loudness that change.

What an agent is trained on was played by a machine, evenly and at one loudness; people play otherwise. The widths are
ours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEMPO = (2 / 3, 3 / 2)
TEMPO_SHARE = 0.5
"""So many performances have another tempo on the whole."""
UNEVEN_SHARE = 0.5
"""So many change it, and their loudness, as they go."""
SLOWEST, FASTEST = 0.4, 2.5
"""At any moment, times the tempo of the recording."""
RUBATO = 0.25
"""Standard deviation of the logarithm of the tempo where it turns."""
TURN_FRAMES = (10, 80)
"""Frames from one turn of the tempo, or of the loudness, to the next."""
LOUDER_DB = (-15.0, 5.0)
"""On the whole, beside the recording."""
SWELL_DB = 5.0
"""Standard deviation where the loudness turns."""


@dataclass(frozen=True, eq=False)
class Performance:
    """One way to play a page.

    Attributes:
        moments: (T,) float64, of which moment of the recording each frame is, in frames.
        gain: (T,) float64, how loud, times what was recorded.
    """

    moments: NDArray[np.float64]
    gain: NDArray[np.float64]


def performance_of(frames: int, random: np.random.Generator) -> Performance:
    """A performance, drawn, of a recording of so many frames, at least one."""
    rate = float(np.exp(random.uniform(*np.log(TEMPO)))) if random.random() < TEMPO_SHARE else 1.0
    if random.random() >= UNEVEN_SHARE:
        evenly = np.arange(np.ceil(frames / rate), dtype=np.float64) * rate
        evenly = evenly[evenly < frames]
        return Performance(evenly, np.ones(len(evenly)))
    longest = int(np.ceil(frames / SLOWEST))
    rates = np.clip(rate * np.exp(_turning(longest, RUBATO, random)), SLOWEST, FASTEST)
    moments: NDArray[np.float64] = np.append(0.0, np.cumsum(rates)[:-1])
    moments = moments[moments < frames]
    louder_db = random.uniform(*LOUDER_DB) + _turning(len(moments), SWELL_DB, random)
    return Performance(moments, 10 ** (louder_db / 20))


def _turning(frames: int, width: float, random: np.random.Generator) -> NDArray[np.float64]:
    """(frames,) of a line with turns at random places, at values of a normal distribution around 0."""
    turns = np.cumsum(np.append(0, random.integers(*TURN_FRAMES, size=frames // TURN_FRAMES[0] + 1)))
    return np.interp(np.arange(frames), turns, random.normal(0, width, len(turns)))
