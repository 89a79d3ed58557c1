"""On-line warping on sequences whose alignment is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.dtw.warping import OnlineWarping

RNG = np.random.default_rng(7)


def unlike_frames(count: int, dimensions: int = 12) -> np.ndarray:
    """Frames of length 1 that have little in common."""
    frames = np.abs(np.random.default_rng(3).normal(size=(count, dimensions)))
    return (frames / np.linalg.norm(frames, axis=1, keepdims=True)).astype(np.float32)


def at(reference: np.ndarray, frames: np.ndarray, **options: int) -> np.ndarray:
    return OnlineWarping(reference, **options).push(frames).score_frame


def test_identity() -> None:
    frames = unlike_frames(60)
    warped = OnlineWarping(frames).push(frames)
    np.testing.assert_array_equal(warped.score_frame, np.arange(60))
    assert warped.mean_cost[-1] < 0.1  # the memory of having been unsure fades


def test_played_twice_as_slowly() -> None:
    frames = unlike_frames(60)
    np.testing.assert_array_equal(at(frames, frames.repeat(2, axis=0)), np.arange(60).repeat(2))


@pytest.mark.parametrize("times", [2, 3])
def test_played_faster(times: int) -> None:
    frames = unlike_frames(60)
    np.testing.assert_array_equal(at(frames, frames[::times]), np.arange(0, 60, times))


def test_it_waits_in_a_long_silence_and_stays_at_the_end() -> None:
    music = unlike_frames(30)
    reference = np.concatenate([np.zeros((1, 12), np.float32), music])
    heard = np.concatenate([np.zeros((900, 12), np.float32), music, music[-1:].repeat(900, axis=0)])
    expected = np.concatenate([np.zeros(900, int), np.arange(1, 31), np.full(900, 30)])
    np.testing.assert_array_equal(at(reference, heard), expected)


def test_it_may_begin_inside_the_first_frames() -> None:
    frames = unlike_frames(40)
    assert at(frames, frames[8:], start_frames=9)[0] == 8
    assert at(frames, frames[8:])[0] <= 3


def test_it_finds_back_after_a_skipped_passage() -> None:
    frames = unlike_frames(300)
    heard = np.concatenate([frames[:100], frames[130:]])
    assert (at(frames, heard)[-100:] == np.arange(200, 300)).all()


def test_it_never_leaves_the_band_nor_runs_ahead_of_the_longest_step() -> None:
    reference, noise = unlike_frames(500), np.abs(RNG.normal(size=(400, 12))).astype(np.float32)
    frames = at(reference, noise, band=20)
    assert frames.min() >= 0
    assert frames.max() < 500
    assert np.abs(np.diff(frames)).max() <= 20 + 3
    assert (frames <= 3 * (np.arange(400) + 1)).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12))
def test_chunks_do_not_matter(sizes: list[int]) -> None:
    reference, heard = unlike_frames(80), unlike_frames(90)[10:] * np.float32(0.9)
    whole = OnlineWarping(reference, band=25).push(heard)
    follower, cuts = OnlineWarping(reference, band=25), np.cumsum(sizes)
    parts = [follower.push(chunk) for chunk in np.split(heard, cuts[cuts < len(heard)])]
    np.testing.assert_array_equal(np.concatenate([p.score_frame for p in parts]), whole.score_frame)
    np.testing.assert_array_equal(np.concatenate([p.mean_cost for p in parts]), whole.mean_cost)


def test_the_future_does_not_matter() -> None:
    reference, heard = unlike_frames(80), unlike_frames(80)
    other = heard.copy()
    other[50:] = heard[:30]
    np.testing.assert_array_equal(at(reference, heard)[:50], at(reference, other)[:50])


def test_memory_does_not_grow_with_what_is_heard() -> None:
    follower, frames = OnlineWarping(unlike_frames(200)), unlike_frames(200)

    def held() -> int:
        return sum(value.nbytes for value in vars(follower).values() if isinstance(value, np.ndarray))

    before = held()
    for _ in range(20):
        follower.push(frames)
    assert held() == before


def test_one_reference_frame_is_enough_and_none_is_refused() -> None:
    assert (at(unlike_frames(1), unlike_frames(5)) == 0).all()
    assert len(at(unlike_frames(1), unlike_frames(5)[:0])) == 0
    with pytest.raises(ValueError, match="no frames"):
        OnlineWarping(np.zeros((0, 12), np.float32))
