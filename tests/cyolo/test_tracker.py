"""CYOLO as a tracker: the rules of the interface, and pages of any size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from cyolo.page import LARGEST_PX, SIZE_PX, network_input, scale_of
from cyolo.tracker import CyoloFollower, CyoloInBatches, CyoloTracker, _Batches, cyolo, engine_for
from scorebench.cli import cli
from scorebench.conformance import checks
from scorebench.errors import DataError, ScorebenchError, UsageError
from scorebench.files import sha256_file
from scorebench.registry import load
from scorebench.samplepage import sample_recording
from scorebench.score import ScoreView
from scorebench.tracker import Positions, stream

FULL = Path(__file__).parents[1] / "fixtures/cyolo/full/best_model.pt"


@pytest.fixture(scope="module")
def tracker() -> CyoloTracker:
    """With weights of chance, no tensor of which is trivial."""
    return CyoloTracker(FULL, "cpu")


def test_streaming_and_fast_give_the_same_bits(tracker: CyoloTracker) -> None:
    recording = sample_recording()
    audio, view = recording.read_audio(), ScoreView((recording.pages[0].image,))
    frames = np.arange(0, 155, 3)
    heard = stream(tracker.open(view, 0), audio, frames)
    followed = tracker.open(view, 0).follow(audio, frames)
    for name in vars(heard):
        np.testing.assert_array_equal(getattr(heard, name), getattr(followed, name))


def test_batches_as_on_a_gpu_give_the_same_answers(tracker: CyoloTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = sample_recording()
    audio, view, frames = recording.read_audio(), ScoreView((recording.pages[0].image,)), np.arange(0, 140, 2)
    alone = tracker.open(view, 0).follow(audio, frames)
    engine = _Batches(tracker._engine.network)
    monkeypatch.setattr(_Batches, "batch", 32)
    together: Positions = CyoloFollower(engine, view.pages[0]).follow(audio, frames)
    np.testing.assert_allclose(together.x_px, alone.x_px, atol=0.01)
    np.testing.assert_allclose(together.y_px, alone.y_px, atol=0.01)


@pytest.fixture
def in_batches(monkeypatch: pytest.MonkeyPatch) -> CyoloInBatches:
    """What a GPU has, on a CPU; its batches are small, so that pages meet in them."""
    monkeypatch.setattr("cyolo.tracker.engine_for", _Batches)
    monkeypatch.setattr(_Batches, "batch", 32)
    return CyoloInBatches(FULL, "cpu")


@pytest.mark.slow
def test_batches_keep_every_rule(in_batches: CyoloInBatches) -> None:
    results = checks(in_batches)
    assert [f"{r.name}: {r.reason}" for r in results if not r.passed] == []
    assert [r.status for r in results if "follow_many" in r.name] == ["pass"]


def test_pages_in_one_batch_are_not_mixed_up(tracker: CyoloTracker, in_batches: CyoloInBatches) -> None:
    recording = sample_recording()
    audio, image = recording.read_audio(), recording.pages[0].image
    jobs = [
        (ScoreView((image,)), audio, np.arange(0, 60, 4)),
        (ScoreView((image[::-1, :700].copy(),)), audio[20000:], np.arange(10, 90, 4)),
        (ScoreView((image[:, ::-1].copy(),)), audio[::-1].copy(), np.arange(0, 140, 20)),
    ]
    said = in_batches.follow_many(jobs, 0)
    for (view, heard, frames), together in zip(jobs, said, strict=True):
        alone = tracker.open(view, 0).follow(heard, frames)
        np.testing.assert_array_equal(together.frame, frames)
        for name, value in vars(alone).items():
            np.testing.assert_allclose(getattr(together, name), value, atol=0.01)
    with pytest.raises(ScorebenchError, match="one page at a time, and was opened on 2"):
        in_batches.follow_many([(ScoreView((image, image)), audio, np.arange(3))], 0)


@pytest.mark.parametrize("shape", [(1181, 835), (2362, 1670), (835, 1181), (300, 300), (40, 9000)])
def test_pages_of_any_size(tracker: CyoloTracker, shape: tuple[int, int]) -> None:
    page = np.full(shape, 255, np.uint8)
    page[shape[0] // 3 : shape[0] // 2] = 0
    said = tracker.open(ScoreView((page,)), 0).hear(np.zeros(4096, np.float32))
    assert 0 <= said.x_px <= shape[1]
    assert 0 <= said.y_px <= shape[0]


def test_a_page_too_large_to_be_a_page(tracker: CyoloTracker) -> None:
    page = np.full((40, LARGEST_PX + 1), 255, np.uint8)
    with pytest.raises(DataError, match=r"16001 x 40 px is too large for CYOLO.*scale it down"):
        tracker.open(ScoreView((page,)), 0)


@pytest.mark.parametrize("name", ["cyolo-published", "cyolo-ir-published"])
def test_published_weights_once_they_are_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture stands for them: a checkpoint in their layout, with its config beside it."""
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path))
    done = CliRunner().invoke(cli, ["weights", "get", name, "--file", str(FULL)])
    assert done.exception is None, done.output
    made = load(name, {"device": "cpu"})
    assert made.identity == {"weights_sha256": sha256_file(FULL)}
    assert not made.demo
    said = made.open(ScoreView((sample_recording().pages[0].image,)), 0).hear(np.zeros(4096, np.float32))
    assert np.isfinite([said.x_px, said.y_px]).all()


def test_one_page_at_a_time(tracker: CyoloTracker) -> None:
    page = np.full((1181, 835), 255, np.uint8)
    with pytest.raises(ScorebenchError, match="one page at a time, and was opened on 2"):
        tracker.open(ScoreView((page, page)), 0)


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no device 'cuda:7' here"):
        CyoloTracker(FULL, "cuda:7")
    with pytest.raises(UsageError, match="no device 'quantum' here"):
        CyoloTracker(FULL, "quantum")


def test_weights_that_are_not_there() -> None:
    with pytest.raises(UsageError, match="no such file"):
        cyolo("nowhere.pt")


def test_answers_depend_on_the_page_and_on_the_sound(tracker: CyoloTracker) -> None:
    engine = engine_for(tracker._engine.network)
    page = torch.from_numpy(network_input(sample_recording().pages[0].image))
    z = torch.rand(2, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        one, other = engine.open(page), engine.open(torch.flip(page, (0,)))
        assert not torch.equal(one.logits(z[:1]), one.logits(z[1:]))
        assert not torch.equal(one.logits(z[:1]), other.logits(z[:1]))


def test_points_go_back_to_the_page() -> None:
    portrait, landscape = scale_of(1181, 835), scale_of(835, 1181)
    assert portrait.to_page(173 / portrait.factor + 10, 20) == pytest.approx(
        (10 * portrait.factor, 20 * portrait.factor)
    )
    assert landscape.to_page(10, 173 / landscape.factor) == pytest.approx((10 * landscape.factor, 0))
    assert portrait.to_page(0, 0) == (0, 0)
    assert portrait.to_page(SIZE_PX, SIZE_PX) == (835, pytest.approx(1181))
