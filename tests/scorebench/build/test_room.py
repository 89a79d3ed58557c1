"""The simulated room: aligned, as reverberant and as noisy as it says, never clipped, the same every time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorebench.build.room import PEAK_LIMIT, ROOM, describe, impulse_response, in_room, reverberation_time_s
from scorebench.errors import DataError
from scorebench.timebase import SAMPLE_RATE

pytest.importorskip("pyroomacoustics")


@pytest.fixture(scope="module")
def music():
    """Six seconds of decaying tones, as of a plucked string."""
    t = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    sound = np.zeros(len(t))
    for k, hz in enumerate([220, 277.2, 329.6, 440, 554.4, 659.3, 880]):
        since = t - 0.3 - 0.7 * k
        sound += (since >= 0) * np.exp(-2 * np.maximum(since, 0)) * np.sin(2 * np.pi * hz * since)
    return (0.2 * sound).astype(np.float32)


def rms(sound):
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def test_direct_sound_is_first_and_energy_is_one():
    response = impulse_response()
    assert np.argmax(np.abs(response)) == 0
    assert np.sum(response**2) == pytest.approx(1)
    later = 10 * np.log10(np.sum(response[-SAMPLE_RATE // 20 :] ** 2))
    assert later < -60  # the room has died away where the response ends


def test_it_is_as_reverberant_as_a_furnished_room():
    assert 0.5 <= reverberation_time_s(impulse_response()) <= 0.6
    bare = replace(ROOM, absorption=tuple(a / 2 for a in ROOM.absorption), reflections=60)
    assert reverberation_time_s(impulse_response(bare)) > 0.9


def test_reverberation_time_of_a_known_decay():
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    decay = np.random.default_rng(0).standard_normal(len(t)) * 10 ** (-3 * t / 0.8)
    assert reverberation_time_s(decay) == pytest.approx(0.8, rel=0.08)


def test_sound_is_not_later_than_it_was():
    rng = np.random.default_rng(2)  # noise, not tones: those match themselves a period later too
    clap = (0.1 * rng.standard_normal(SAMPLE_RATE) * np.exp(-np.arange(SAMPLE_RATE) / 2000)).astype(np.float32)
    dry = np.tile(clap, 3)
    wet = in_room(dry, seed=1)
    size = 1 << 18
    match = np.fft.irfft(np.fft.rfft(wet, size) * np.conj(np.fft.rfft(dry, size)))
    assert np.argmax(match) == 0


def test_signal_to_noise_is_what_the_room_says(music):
    for snr_db in (10.0, 20.0, 35.0):
        room = replace(ROOM, snr_db=snr_db)
        quiet = in_room(music, 1, "p", replace(room, snr_db=np.inf))
        noise = in_room(music, 1, "p", room) - quiet
        assert 20 * np.log10(rms(quiet) / rms(noise)) == pytest.approx(snr_db, abs=0.5)


def test_noise_is_pink(music):
    noise = in_room(music, 1) - in_room(music, 1, room=replace(ROOM, snr_db=np.inf))
    power = np.abs(np.fft.rfft(noise)) ** 2
    hz = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)
    octaves = [10 * np.log10(power[(hz >= low) & (hz < 2 * low)].sum()) for low in (62.5, 125, 250, 500, 1000, 2000)]
    assert np.ptp(octaves) < 2.5  # equal power in every octave
    assert power[hz < 25].sum() < 1e-3 * power.sum()


def test_level_stays_and_length_stays(music):
    wet = in_room(music, 1)
    assert (wet.shape, wet.dtype) == (music.shape, np.float32)
    assert rms(wet) == pytest.approx(rms(music), rel=0.02)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3000), st.floats(0, 50), st.integers(0, 2**32))
def test_any_length_and_any_level_is_kept_below_the_limit(samples, level, seed):
    loud = (level * np.random.default_rng(seed).uniform(-1, 1, samples)).astype(np.float32)
    wet = in_room(loud, seed)
    assert wet.shape == loud.shape
    assert np.abs(wet).max() <= PEAK_LIMIT + 1e-6


def test_silence_stays_silent_and_nothing_stays_nothing():
    assert not in_room(np.zeros(1000, np.float32), 1).any()
    assert in_room(np.zeros(0, np.float32), 1).shape == (0,)


def test_seed_and_piece_draw_the_noise(music):
    first = in_room(music, 1, "a")
    assert np.array_equal(first, in_room(music, 1, "a"))
    assert not np.array_equal(first, in_room(music, 2, "a"))
    assert not np.array_equal(first, in_room(music, 1, "b"))


@pytest.mark.parametrize("bad", [np.full(10, np.nan, np.float32), np.zeros((10, 2), np.float32)])
def test_sound_that_cannot_be_in_a_room(bad):
    with pytest.raises(DataError, match="mono and without NaN"):
        in_room(bad, 1)


def test_the_card_says_what_was_done():
    card = describe()
    assert card["simulated"] is True
    assert 2.5 <= card["distance_m"] <= 3
    assert card["snr_db"] == 20
    assert 0.5 <= card["reverberation_time_s"] <= 0.6
