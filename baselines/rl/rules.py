"""The rules of the game: how an agent moves along the strip, and what it is rewarded for.

Henkel, Balke, Dorfer & Widmer (TISMIR 2019), section 3: 20 times a second the agent makes its speed along the strip
1 px a frame smaller or larger, or keeps it. Its reward falls from 1 where the music is to 0 at a distance of 170 px,
beyond which it has lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ACCELERATIONS = (-1, 0, 1)
"""What an action, 0 to 2, adds to the speed, in px a frame."""
ACTIONS = len(ACCELERATIONS)
THRESHOLD_PX = 512 // 3
"""From here on the music is lost: a third of what is seen of the strip."""
DISCOUNT = 0.9
OPENING_PX = 80
"""Where an agent stands when a page is opened: about where the first note of a page is printed, after clef and key.
(The authors' agents are put on the first note.)"""


@dataclass(frozen=True)
class Standing:
    """Where an agent is: with a page, the whole state of a game.

    Attributes:
        frame: of the sound, the newest that is heard.
        place: column of the strip.
        speed: px a frame.
        place_before: where it was one frame ago; ``place`` at the beginning.
    """

    frame: int
    place: int
    speed: int
    place_before: int

    def moved(self, action: int, columns: int) -> "Standing":
        """One frame later, on a strip of so many columns: it stays between its ends, whatever its speed."""
        speed = self.speed + ACCELERATIONS[action]
        place = min(max(self.place + speed, 0), columns - 1)
        return Standing(self.frame + 1, place, speed, self.place)


def opening(columns: int) -> Standing:
    """When a page is opened."""
    place = min(OPENING_PX, columns - 1)
    return Standing(0, place, 0, place)


def rewards(errors_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """The reward at each distance from the music, of any sign: 1 at none, 0 where it is lost."""
    return np.maximum(0.0, (THRESHOLD_PX - np.abs(errors_px)) / THRESHOLD_PX)
