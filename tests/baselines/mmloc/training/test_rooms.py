"""Simulated rooms, beside the sound convolved with the response itself."""

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.mmloc.training.rooms import decay_of, in_room  # noqa: E402 - needs torch
from scorebench.learning import sound  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.spectrogram import cunet_recipe, spectrogram  # noqa: E402


def bands_of(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    bands: NDArray[np.float32] = 10 ** spectrogram(audio, cunet_recipe()) - 1
    return bands


def hall() -> NDArray[np.float32]:
    """Direct sound, and noise that decays to a thousandth within a second, deep tones more slowly."""
    random, time_s = np.random.default_rng(0), np.arange(22_050) / 22_050
    noise = random.normal(size=(2, len(time_s)))
    deep = np.convolve(noise[0], np.ones(40) / 40, "same") * np.exp(-4 * time_s)
    response = deep + 0.3 * noise[1] * np.exp(-12 * time_s)
    response[0] = 3
    level: NDArray[np.float32] = (response / np.sqrt((response**2).sum())).astype(np.float32)
    return level


def test_nearer_to_the_true_room_than_the_dry_sound() -> None:
    audio, response = sample_recording().read_audio(), hall()
    wet = np.log10(1 + bands_of(sound.in_room(torch.from_numpy(audio), torch.from_numpy(response)).numpy()))
    dry = bands_of(audio)
    simulated = np.log10(1 + in_room(dry.astype(np.float16), decay_of(response)).astype(np.float32))
    assert np.abs(simulated - wet).mean() < 0.5 * np.abs(np.log10(1 + dry) - wet).mean()
    assert np.corrcoef(simulated.ravel(), wet.ravel())[0, 1] > 0.95


def test_a_room_that_changes_nothing() -> None:
    nothing = decay_of(np.array([1, 0, 0], np.float32))
    np.testing.assert_allclose(nothing, [[1] * 78], rtol=1e-5)
    bands = np.random.default_rng(0).uniform(0, 40, (30, 78)).astype(np.float16)
    np.testing.assert_allclose(in_room(bands, nothing), bands, rtol=2e-3)


def test_an_echo_comes_later_and_not_before() -> None:
    response = np.zeros(6000, np.float32)
    response[4410] = 1  # four frames
    bands = np.zeros((20, 78), np.float16)
    bands[3] = 5
    wet = in_room(bands, decay_of(response))
    assert np.flatnonzero(wet.sum(1) > 0.1).tolist() == [7]


def test_a_response_longer_than_the_page() -> None:
    assert in_room(np.ones((3, 78), np.float16), decay_of(hall())).shape == (3, 78)
