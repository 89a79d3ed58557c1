"""A training pack: what goes in comes out, on a machine without synthesiser or system libraries."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from scorebench.authors_layout import AuthorsDataset
from scorebench.errors import DataError, MissingDependencyError, UsageError
from scorebench.pack import Pack, grey, waves_bytes, waves_from
from scorebench.pack_writer import write_pack
from scorebench.responses import read_response
from scorebench.sampler import SampledPiano, play
from scorebench.timebase import SAMPLE_RATE
from tests.scorebench.helpers import PIECES, TINY


@pytest.fixture(scope="module")
def responses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten responses of one room and a microphone: a click after 20 ms, then a tail."""
    folder = tmp_path_factory.mktemp("irs")
    rng = np.random.default_rng(0)
    for index in range(10):
        tail = rng.normal(0, 0.05, 48_000 * 2) * np.exp(-np.arange(48_000 * 2) / 9600)
        tail[:960] = 0
        tail[960] = 0.5
        path = folder / f"rooms/church/{index}.wav" if index < 9 else folder / "microphone.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tail, 48_000)
    return folder


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory, responses: Path) -> Pack:
    path = tmp_path_factory.mktemp("pack") / "train.pack"
    try:
        write_pack(AuthorsDataset(TINY), ["full"], path, responses)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    return Pack(path)


def test_pages_notes_and_systems_come_out_as_they_went_in(pack: Pack) -> None:
    data = AuthorsDataset(TINY)
    assert tuple(pack.pieces("full")) == PIECES
    for piece in PIECES:
        ours, theirs = pack.load("full", piece), data.load("full", piece)
        places = ["x_px", "y_px"]
        pd.testing.assert_frame_equal(ours.notes.drop(columns=places), theirs.notes.drop(columns=places))
        assert np.abs(ours.notes[places] - theirs.notes[places]).max(axis=None) <= 1 / 128
        for page, original in zip(ours.pages, theirs.pages, strict=True):
            np.testing.assert_array_equal(page.image, grey(original.image))
            assert np.abs(page.image.astype(int) - original.image).max() <= 19
            pd.testing.assert_frame_equal(page.systems, original.systems)


def test_its_sound_has_an_onset_where_the_score_has_one(pack: Pack) -> None:
    recording = pack.load("full", PIECES[0])
    audio = recording.read_audio()
    energy = np.array([np.sum(audio[i : i + 441] ** 2) for i in range(0, len(audio) - 441, 441)])
    rises = np.diff(np.log10(energy + 1e-6))
    onsets = recording.onsets()["onset_s"].to_numpy()
    heard = [rises[int(o / 0.02) - 1 : int(o / 0.02) + 2].max() > 0.02 for o in onsets[1:]]
    assert np.mean(heard) > 0.9


def test_the_same_dataset_gives_the_same_bytes(pack: Pack, responses: Path, tmp_path: Path) -> None:
    write_pack(AuthorsDataset(TINY), ["full"], tmp_path / "again.pack", responses)
    assert (tmp_path / "again.pack").read_bytes() == pack.path.read_bytes()


def test_responses_are_few_a_room_short_and_begin_with_the_direct_sound(pack: Pack) -> None:
    assert len(pack.responses) == 9
    for wave in pack.responses.values():
        assert len(wave) <= 1.5 * SAMPLE_RATE
        assert np.argmax(np.abs(wave)) <= 1
        assert np.sum(wave.astype(float) ** 2) == pytest.approx(1, rel=1e-3)


def test_it_is_read_without_synthesiser_or_sound_library(pack: Pack) -> None:
    script = f"""
import sys
for name in ("fluidsynth", "soundfile", "soxr", "madmom", "verovio", "music21", "tinysoundfont", "platformdirs"):
    sys.modules[name] = None
from pathlib import Path
from scorebench.pack import Pack
pack = Pack(Path({str(pack.path)!r}))
recording = pack.load("full", {PIECES[0]!r})
assert abs(recording.read_audio()).max() > 0.01
assert pack.responses and recording.pages[0].image.shape == (1181, 835)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_it_says_that_it_must_not_be_passed_on(pack: Pack) -> None:
    assert b"For local use only" in zipfile.ZipFile(pack.path).read("pack.json")


def test_what_is_wrong_is_said(pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no split 'room'"):
        pack.pieces("room")
    with pytest.raises(UsageError, match="no piece 'x'"):
        pack.load("full", "x")
    for content in (b"", b"PK", pack.path.read_bytes()[:5000]):
        (tmp_path / "bad.pack").write_bytes(content)
        with pytest.raises(DataError, match=r"bad\.pack: no training pack"):
            Pack(tmp_path / "bad.pack")
    with pytest.raises(DataError, match="no impulse response"):
        write_pack(AuthorsDataset(TINY), ["full"], tmp_path / "x.pack", tmp_path)


def test_a_silent_response_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(1000), SAMPLE_RATE)
    with pytest.raises(DataError, match="silent"):
        read_response(tmp_path / "silent.wav")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=300))
def test_sounds_are_packed_without_loss(values: list[int]) -> None:
    wave = np.array([values, values[::-1]], np.int16)
    np.testing.assert_array_equal(waves_from(waves_bytes(wave), wave.shape), wave)


def tone_piano() -> SampledPiano:
    """One key, A4, as a sine; twice as loud at the second layer."""
    wave = np.sin(2 * np.pi * 440 * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE)
    return SampledPiano(
        np.array([69]), np.array([40, 80]), np.round([[wave * 10_000, wave * 20_000]]).astype(np.int16), 1 / 32768
    )


def note(pitch: int, velocity: int = 80, onset_s: float = 0.5, duration_s: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"onset_s": [onset_s], "duration_s": [duration_s], "pitch": [pitch], "velocity": [velocity]})


@pytest.mark.parametrize("pitch", [67, 69, 71])
def test_a_key_between_the_recorded_ones_sounds_at_its_own_pitch(pitch: int) -> None:
    audio = play(note(pitch), tone_piano())
    assert len(audio) == round(2.5 * SAMPLE_RATE)
    assert not audio[: SAMPLE_RATE // 2].any()
    steady = audio[SAMPLE_RATE // 2 : SAMPLE_RATE // 2 + SAMPLE_RATE]
    peak = np.argmax(np.abs(np.fft.rfft(steady * np.hanning(len(steady)))))
    assert abs(peak - 440 * 2 ** ((pitch - 69) / 12)) < 1.5


def test_loudness_goes_with_velocity_and_the_key_dies_when_released() -> None:
    peaks = [np.abs(play(note(69, velocity), tone_piano())).max() for velocity in (20, 40, 60, 80, 120)]
    assert peaks == sorted(peaks)
    assert peaks[2] == pytest.approx((peaks[1] + peaks[3]) / 2, rel=1e-3)
    audio = play(note(69), tone_piano())
    assert np.abs(audio[round(1.9 * SAMPLE_RATE) :]).max() < 0.01 * np.abs(audio).max()


def test_notes_that_are_not_played_are_silent_and_seconds_cut() -> None:
    rows = pd.concat([note(69), note(71, onset_s=np.nan)])
    np.testing.assert_array_equal(play(rows, tone_piano()), play(note(69), tone_piano()))
    assert len(play(rows, tone_piano(), seconds=0.75)) == round(0.75 * SAMPLE_RATE)
