"""How an agent moves, and what it is rewarded for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from baselines.rl.rules import THRESHOLD_PX, Standing, opening, rewards

ACTIONS = st.lists(st.integers(0, 2), max_size=60)


@given(st.integers(1, 900), ACTIONS)
def test_it_stays_on_the_strip_and_knows_where_it_was(columns: int, actions: list[int]) -> None:
    standing = opening(columns)
    for action in actions:
        moved = standing.moved(action, columns)
        assert moved.frame == standing.frame + 1
        assert moved.speed - standing.speed == action - 1
        assert moved.place_before == standing.place
        assert 0 <= moved.place < columns
        if 0 < moved.place < columns - 1:
            assert moved.place - standing.place == moved.speed
        standing = moved


def test_a_page_is_opened_standing_still() -> None:
    assert opening(2000) == Standing(0, 80, 0, 80)
    assert opening(30) == Standing(0, 29, 0, 29)


def test_rewards_fall_to_nothing_at_the_threshold() -> None:
    assert THRESHOLD_PX == 170
    won = rewards(np.array([0.0, 85.0, -85.0, 170.0, 171.0, -1000.0]))
    assert won.tolist() == [1.0, 0.5, 0.5, 0.0, 0.0, 0.0]
