"""Features: the same bits however the sound is cut, and what they say about it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.dtw.features import BANDS, DIMENSIONS, HOP_SAMPLES, LOWEST_PITCH, FeatureStream, features

RATE = 22_050
NOISE = np.random.default_rng(1).normal(0, 0.1, 6000).astype(np.float32)


def tone(pitch: int, seconds: float = 0.5) -> np.ndarray:
    phase = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * np.arange(int(RATE * seconds)) / RATE
    return (0.3 * np.sin(phase)).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 1500), max_size=12))
def test_streaming_equals_batch_bit_for_bit(sizes: list[int]) -> None:
    stream, cuts = FeatureStream(), np.cumsum(sizes)
    parts = [stream.push(chunk) for chunk in np.split(NOISE, cuts[cuts < len(NOISE)])]
    np.testing.assert_array_equal(np.concatenate(parts), features(NOISE))


def test_a_frame_is_complete_with_its_last_sample_and_sees_nothing_later() -> None:
    whole = features(NOISE)
    assert whole.shape == (len(NOISE) // HOP_SAMPLES, DIMENSIONS)
    assert whole.dtype == np.float32
    for k in (0, 3, 15):
        np.testing.assert_array_equal(features(NOISE[: HOP_SAMPLES * (k + 1)]), whole[: k + 1])
        assert len(features(NOISE[: HOP_SAMPLES * (k + 1) - 1])) == k


@pytest.mark.parametrize("pitch", [48, 60, 69, 84, 100])
def test_the_band_of_a_tone_is_its_pitch(pitch: int) -> None:
    assert features(tone(pitch))[-1, :BANDS].argmax() == pitch - LOWEST_PITCH


def test_onsets_are_in_the_second_half_and_fade() -> None:
    found = features(np.concatenate([np.zeros(4000, np.float32), tone(69)]))
    onset = np.linalg.norm(found[:, BANDS:], axis=1)
    first = 4000 // HOP_SAMPLES
    assert onset[: first - 1].max() == 0
    assert onset[first : first + 4].max() > 0.5
    assert onset[-1] < 0.1


def test_loudness_does_not_matter() -> None:
    sound = np.concatenate([tone(60), tone(67)])
    np.testing.assert_allclose(features(sound), features(0.1 * sound), atol=1e-5)


def test_silence_is_zero_and_every_frame_is_shorter_than_one() -> None:
    assert not features(np.zeros(5000, np.float32)).any()
    assert np.linalg.norm(features(NOISE), axis=1).max() < 1


def test_samples_that_are_no_numbers_count_as_silence() -> None:
    broken, silent = NOISE.copy(), NOISE.copy()
    broken[1000:1003] = (np.nan, np.inf, -np.inf)
    silent[1000:1003] = 0
    np.testing.assert_array_equal(features(broken), features(silent))
    assert np.isfinite(features(np.full(3000, 3e38, np.float32))).all()
