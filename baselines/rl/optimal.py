"""An agent that knows where the music is and will be: what can be reached in this game at all, and whom to imitate.

It looks 10 frames ahead. All that can be reached within them is (frames, speeds, places), few enough to find the best
sum of discounted rewards exactly, from the last frame back to the first.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from baselines.rl.rules import ACTIONS, DISCOUNT, THRESHOLD_PX

HORIZON = 10
"""Frames. To look further gains nothing: 0.994 a frame with 8, 10 and 12."""

_WIDEST = HORIZON * (HORIZON + 1) // 2
_SPEEDS, _PLACES = 2 * HORIZON + 1, 2 * _WIDEST + 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _returns(ahead: NDArray[np.float64], error: float, speed: int) -> NDArray[np.float64]:
    """See ``action_returns``; ``ahead`` is how far the music is from where it is now, at each of the next frames."""
    depth = len(ahead)
    after = np.zeros((_SPEEDS, _PLACES))
    if depth == HORIZON:
        for place in range(_PLACES):
            distance = abs(error + depth * speed + place - _WIDEST - ahead[depth - 1])
            after[:, place] = max(0.0, 1 - distance / THRESHOLD_PX) / (1 - DISCOUNT)
    best = np.zeros(ACTIONS)
    for step in range(depth - 1, -1, -1):
        now = np.zeros((_SPEEDS, _PLACES))
        reach = step * (step + 1) // 2
        for faster in range(-step, step + 1):
            for aside in range(-reach, reach + 1):
                most = 0.0
                for action in range(ACTIONS):
                    next_faster = faster + action - 1
                    next_aside = aside + next_faster
                    distance = abs(error + (step + 1) * speed + next_aside - ahead[step])
                    value = 0.0
                    if distance <= THRESHOLD_PX:
                        value = 1 - distance / THRESHOLD_PX
                        value += DISCOUNT * after[next_faster + HORIZON, next_aside + _WIDEST]
                    if step == 0:
                        best[action] = value
                    most = max(most, value)
                now[faster + HORIZON, aside + _WIDEST] = most
        after = now
    return best


def action_returns(
    music_at: NDArray[np.float64], last: int, frame: int, place: float, speed: int
) -> NDArray[np.float64]:
    """The most that can be won from here on, by the next action; the ends of the strip are not looked at.

    Args:
        music_at: (frames,) where the music is along the strip, px.
        last: frame at which the game ends.
        frame, place, speed: of the agent.

    Returns:
        (3,) float64 sums of discounted rewards. After the horizon an agent is taken to stay as far from the music as it
        is then.
    """
    ahead = music_at[frame + 1 : min(frame + HORIZON, last) + 1] - music_at[frame]
    if not len(ahead):
        return np.zeros(ACTIONS)
    found: NDArray[np.float64] = _returns(ahead, float(place - music_at[frame]), int(speed))
    return found
