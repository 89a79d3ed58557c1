"""What a network hears while it is trained is what its tracker will hear."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scorebench.learning.sound import Ear, as_heard, at_tempo, frames_at_tempo, in_room, late  # noqa: E402 - needs torch
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.spectrogram import Recipe, cunet_recipe, cyolo_recipe, spectrogram  # noqa: E402
from scorebench.timebase import HOP_SAMPLES  # noqa: E402

RECIPES = pytest.mark.parametrize("recipe", [cyolo_recipe(), cunet_recipe()], ids=["cyolo", "cunet"])


def sound(samples: int = 60_000) -> "torch.Tensor":
    return torch.from_numpy(sample_recording().read_audio()[:samples])


@RECIPES
@pytest.mark.parametrize("samples", [60_000, 59_001, 2048, 700, 0])
def test_the_ear_hears_the_spectrogram(recipe: Recipe, samples: int) -> None:
    audio = sound(samples)
    heard = as_heard(Ear(recipe)(audio)).numpy()
    expected = spectrogram(audio.numpy(), recipe)
    assert heard.shape == expected.shape
    np.testing.assert_allclose(heard, expected, atol=2e-5)


def test_rows_before_begin_in_silence() -> None:
    audio = torch.rand(9000)
    early = Ear(cyolo_recipe(), frames_before=3)(audio)
    torch.testing.assert_close(early[3:], Ear(cyolo_recipe())(audio))
    assert early[0].abs().max() < 1e-6
    assert early[2].abs().max() > 1e-3


def test_silence_before_is_silence_before() -> None:
    ear, audio = Ear(cyolo_recipe(), frames_before=1), sound()
    for hops in (1, 2, 7):
        expected = ear(torch.cat([torch.zeros(hops * HOP_SAMPLES), audio]))[1:]
        torch.testing.assert_close(late(ear(audio), hops), expected)


def test_tempo() -> None:
    bands = Ear(cunet_recipe())(sound())
    torch.testing.assert_close(at_tempo(bands, 1.0), bands)
    torch.testing.assert_close(at_tempo(bands, 2.0), bands[::2])
    slow = at_tempo(bands, 0.5)
    assert len(slow) == 2 * len(bands)
    torch.testing.assert_close(slow[1], (bands[0] + bands[1]) / 2)
    assert [len(at_tempo(bands, rate)) for rate in (0.7, 1.3)] == [frames_at_tempo(len(bands), r) for r in (0.7, 1.3)]


def test_a_room_without_walls_changes_nothing() -> None:
    alone = torch.zeros(500)
    alone[0] = 1.0
    torch.testing.assert_close(in_room(sound(), alone), sound(), atol=1e-6, rtol=0)
    late_by_three = torch.roll(alone, 3)
    torch.testing.assert_close(in_room(sound(), late_by_three)[3:], sound()[:-3], atol=1e-6, rtol=0)
