"""Sound of any kind becomes 22 050 Hz mono float32, or one clear error."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from scorebench.audio import read_audio
from scorebench.errors import DataError
from scorebench.timebase import SAMPLE_RATE


def tone(rate: int, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_any_rate_keeps_pitch_and_length(tmp_path: Path, rate: int, ending: str) -> None:
    path = tmp_path / f"tone.{ending}"
    soundfile.write(path, tone(rate), rate)
    samples = read_audio(path)
    assert samples.dtype == np.float32
    assert abs(len(samples) - SAMPLE_RATE) <= 2
    middle = samples[2000:18_000]
    np.testing.assert_allclose(middle, tone(SAMPLE_RATE)[2000:18_000], atol=2e-3)


@pytest.mark.parametrize(("ending", "rate"), [("mp3", 44_100), ("mp3", 22_050), ("ogg", 44_100)])
def test_lossy_files_sound_like_the_tone_they_were(tmp_path: Path, ending: str, rate: int) -> None:
    path = tmp_path / f"tone.{ending}"
    soundfile.write(path, tone(rate), rate)
    spectrum = np.abs(np.fft.rfft(read_audio(path)[:SAMPLE_RATE]))
    assert abs(np.argmax(spectrum) * SAMPLE_RATE / min(SAMPLE_RATE, 2 * len(spectrum)) - 440) < 3


def test_16_bit_at_our_rate_comes_through_exactly(tmp_path: Path) -> None:
    whole = np.random.default_rng(0).integers(-32768, 32767, 5000, dtype=np.int16)
    soundfile.write(tmp_path / "x.wav", whole, SAMPLE_RATE, subtype="PCM_16")
    np.testing.assert_array_equal(read_audio(tmp_path / "x.wav"), whole.astype(np.float32) / 32768)


def test_stereo_is_the_mean_of_its_channels(tmp_path: Path) -> None:
    left, right = tone(SAMPLE_RATE), -0.5 * tone(SAMPLE_RATE)
    soundfile.write(tmp_path / "x.wav", np.stack([left, right], 1), SAMPLE_RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "x.wav"), (left + right) / 2, atol=1e-7)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.wav: no such sound file"):
        read_audio(tmp_path / "none.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not sound at all" * 100])
@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_what_is_no_sound(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"bad.{ending}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"bad\.{ending}"):
        read_audio(path)


def test_a_truncated_flac(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 50_000), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match=r"cut\.flac"):
        read_audio(path)


def test_a_truncated_wav(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(SAMPLE_RATE), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(DataError, match=r"cut\.wav: truncated"):
        read_audio(path)


def test_no_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), SAMPLE_RATE)
    with pytest.raises(DataError, match="holds no samples"):
        read_audio(tmp_path / "empty.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    samples = tone(SAMPLE_RATE)
    samples[100] = value
    soundfile.write(tmp_path / "nan.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    with pytest.raises(DataError, match="NaN or infinite"):
        read_audio(tmp_path / "nan.wav")
