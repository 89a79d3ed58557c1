"""Performances to practise with."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from baselines.rl.performing import FASTEST, SLOWEST, performance_of


@given(st.integers(1, 3000), st.integers(0, 10_000))
@example(400, 403)  # whose differences come out above the fastest by rounding
def test_a_performance_goes_through_the_whole_recording(frames: int, seed: int) -> None:
    played = performance_of(frames, np.random.default_rng(seed))
    steps = np.diff(np.append(played.moments, frames))
    assert played.moments[0] == 0
    assert (steps > 0).all()
    assert steps.max() <= FASTEST + 1e-9
    assert played.moments[-1] < frames
    assert (steps[:-1] >= SLOWEST - 1e-9).all()
    assert played.gain.shape == played.moments.shape
    assert (played.gain > 0).all()


def test_half_are_uneven_and_a_quarter_are_as_recorded() -> None:
    performances = [performance_of(400, np.random.default_rng(seed)) for seed in range(400)]
    uneven = [np.ptp(np.diff(one.moments)) > 1e-6 for one in performances]
    recorded = [len(one.moments) == 400 and not uneven[n] for n, one in enumerate(performances)]
    assert 0.4 < np.mean(uneven) < 0.6
    assert 0.15 < np.mean(recorded) < 0.35
    assert [np.ptp(one.gain) > 0.1 for one in performances] == uneven
    tempi = np.concatenate([np.log(np.diff(one.moments)) for n, one in enumerate(performances) if uneven[n]])
    assert 0.2 < tempi.std() < 0.4


def test_the_same_chances_give_the_same_performance() -> None:
    one, other = (performance_of(300, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.moments, other.moments)
    np.testing.assert_array_equal(one.gain, other.gain)
