"""Off-line alignment finds its way through another tempo, and says when it does not."""

import numpy as np
import pandas as pd
import pytest

from scorebench.build.align import align, residuals_s
from scorebench.samplepage import sample_recording
from scorebench.timebase import SAMPLE_RATE


def tones(onset_s: np.ndarray, pitches: np.ndarray, seconds: float, seed: int = 0) -> np.ndarray:
    """Decaying harmonic tones and a little noise."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 1e-4, round(seconds * SAMPLE_RATE))
    time_s = np.arange(round(0.8 * SAMPLE_RATE)) / SAMPLE_RATE
    for onset, pitch in zip(onset_s, pitches, strict=True):
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        tone = sum(np.sin(2 * np.pi * hertz * k * time_s) / k**2 for k in range(1, 6)) * np.exp(-5 * time_s)
        at = round(onset * SAMPLE_RATE)
        part = tone[: len(sound) - at]
        sound[at : at + len(part)] += 0.1 * part
    return sound.astype(np.float32)


@pytest.fixture(scope="module")
def tune() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return 0.3 + np.cumsum(rng.choice([0.15, 0.3, 0.6], 60)), rng.integers(48, 84, 60)


@pytest.mark.parametrize("slower", [0.7, 1.0, 1.6])
def test_another_tempo_that_also_wavers(tune: tuple, slower: float) -> None:
    onset_s, pitches = tune
    played_s = 0.8 + slower * (onset_s + 0.25 * np.sin(onset_s / 2))
    score = tones(onset_s, pitches, onset_s[-1] + 1)
    recording = tones(played_s, pitches, played_s[-1] + 1.5, seed=2)
    errors = align(score, recording).at(onset_s) - played_s
    assert np.median(np.abs(errors)) < 0.02
    assert np.quantile(np.abs(errors), 0.95) < 0.06


def test_the_path_only_goes_forward(tune: tuple) -> None:
    onset_s, pitches = tune
    sound = tones(onset_s, pitches, onset_s[-1] + 1)
    path = align(sound, sound)
    assert (np.diff(path.score_s) > 0).all()
    assert (np.diff(path.heard_s) > 0).all()
    assert path.cost < 0.01
    np.testing.assert_allclose(path.at(np.array([-1.0])), path.heard_s[0] - path.score_s[0] - 1.0, atol=1e-9)


def test_other_music_costs_more(tune: tuple) -> None:
    onset_s, pitches = tune
    score = tones(onset_s, pitches, onset_s[-1] + 1)
    other = tones(onset_s[::-1].max() - onset_s[::-1] + 0.3, pitches[::-1] + 5, onset_s[-1] + 1, seed=3)
    assert align(score, other).cost > 2 * align(score, tones(onset_s, pitches, onset_s[-1] + 1, seed=4)).cost


def test_residuals_see_a_shift_that_the_alignment_would_hide() -> None:
    recording = sample_recording()
    audio = recording.read_audio()
    onset_s = recording.onsets()["onset_s"].to_numpy()[1:]
    right = residuals_s(onset_s, audio)
    late = residuals_s(onset_s + 0.05, audio)
    assert np.nanmedian(np.abs(right)) < 0.015
    assert np.nanmedian(late) == pytest.approx(np.nanmedian(right) - 0.05, abs=0.013)
    assert np.isnan(residuals_s(np.array([audio.size / SAMPLE_RATE + 5]), audio)).all()


def test_silence_does_not_break_it() -> None:
    path = align(np.zeros(SAMPLE_RATE, np.float32), np.zeros(2 * SAMPLE_RATE, np.float32))
    assert np.isfinite(path.at(pd.Series([0.0, 0.5, 2.0]).to_numpy())).all()
