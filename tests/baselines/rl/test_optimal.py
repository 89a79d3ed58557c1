"""The agent who knows the future, against trying everything."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.rl.optimal import HORIZON, action_returns
from baselines.rl.rules import DISCOUNT, THRESHOLD_PX, Standing

FRAMES = 4
FAR = 10**6


def by_trying(music_at: np.ndarray, standing: Standing, action: int) -> float:
    """The best sum of discounted rewards of all that begins with ``action``."""
    best = 0.0
    for later in product(range(3), repeat=FRAMES - 1):
        now, won, share = standing, 0.0, 1.0
        for chosen in (action, *later):
            now = now.moved(chosen, 2 * FAR)
            distance = abs(now.place - FAR - music_at[now.frame])
            if distance > THRESHOLD_PX:
                break
            won += share * (1 - distance / THRESHOLD_PX)
            share *= DISCOUNT
        best = max(best, won)
    return best


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-60, 120), min_size=FRAMES + 1, max_size=FRAMES + 1),
    st.integers(-185, 185),
    st.integers(-30, 30),
)
def test_it_wins_what_can_be_won(steps: list[float], place: int, speed: int) -> None:
    music_at = np.cumsum(steps)
    standing = Standing(0, FAR + place, speed, FAR + place)
    tried = [by_trying(music_at, standing, action) for action in range(3)]
    np.testing.assert_allclose(action_returns(music_at, FRAMES, 0, place, speed), tried, atol=1e-9)


def test_far_from_the_end_it_expects_the_best_of_what_it_does_not_see() -> None:
    music_at = np.arange(200.0) * 3
    won = action_returns(music_at, 199, 20, 60.0, 3)
    assert np.argmax(won) == 1
    assert won[1] == pytest.approx(1 / (1 - DISCOUNT))
    assert action_returns(music_at, 20 + HORIZON - 1, 20, 60.0, 3)[1] < won[1]


def test_after_the_end_there_is_nothing_to_win() -> None:
    assert action_returns(np.arange(5.0), 4, 4, 0.0, 0).tolist() == [0, 0, 0]
