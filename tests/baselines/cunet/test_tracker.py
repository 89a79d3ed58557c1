"""The trackers: what they answer, when, and what they say if they cannot."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.cunet import tracker as module  # noqa: E402 - needs torch
from baselines.cunet.batches import PlainEyes  # noqa: E402
from baselines.cunet.inference import SoundEncoder  # noqa: E402
from baselines.cunet.network import CUNet, Design, network_from  # noqa: E402
from baselines.cunet.tracker import (  # noqa: E402
    BatchFollower,
    CUNetTracker,
    cunet,
    cunet_published,
)
from scorebench.authors_layout import AuthorsDataset  # noqa: E402
from scorebench.conformance import checks  # noqa: E402
from scorebench.errors import DataError, MissingDependencyError, UsageError  # noqa: E402
from scorebench.files import sha256_file  # noqa: E402
from scorebench.protocol.pages import plan_pages, view_of  # noqa: E402
from scorebench.registry import load  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.score import ScoreView  # noqa: E402
from scorebench.timebase import samples_heard  # noqa: E402
from scorebench.tracker import Positions, stream  # noqa: E402
from scorebench.weights import read_checkpoint, save_weights  # noqa: E402

SECONDS = 22_050


@pytest.fixture(scope="session")
def weights(random_network: Callable[[Design], CUNet], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of chance that mark something in every page."""
    network = random_network(Design())
    network.conv_out.bias.fill_(-0.3)
    path = tmp_path_factory.mktemp("weights") / "cunet.safetensors"
    save_weights(path, network.state_dict(), {"demo": "true"})
    return path


@pytest.fixture(scope="session")
def view() -> ScoreView:
    return ScoreView((sample_recording().pages[0].image,))


def sound(samples: int) -> NDArray[np.float32]:
    return sample_recording().read_audio()[:samples]


def table(positions: Positions) -> NDArray[Any]:
    return positions.to_table().to_numpy()


def test_what_it_is(weights: Path) -> None:
    tracker = CUNetTracker(weights, "cpu")
    assert tracker.given == frozenset()
    assert tracker.demo
    assert tracker.device == "cpu"
    assert tracker.identity == {"weights_sha256": sha256_file(weights), "network": "CB with LSTM"}


def test_the_published_weights_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOREBENCH_CACHE", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="scorebench weights get cunet-published"):
        cunet_published()
    with pytest.raises(UsageError, match=r"none\.pt: no such file"):
        CUNetTracker(tmp_path / "none.pt")


def test_ours_say_that_they_did_not_come_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    with pytest.raises(MissingDependencyError, match="scorebench train cunet"):
        cunet()
    with pytest.raises(UsageError, match="no such file"):
        cunet(tmp_path / "none.safetensors")


def test_a_config_of_another_network(tmp_path: Path, random_network: Callable[[Design], CUNet]) -> None:
    torch.save(random_network(Design()).state_dict(), tmp_path / "best_model.pt")
    config = {"film_layers": [2, 3, 4, 5, 6, 7, 8], "n_encoder_layers": 4, "n_filters_start": 8, "rnn_size": 128}
    config |= {"use_lstm": True, "audio_encoder": "CBEncoder", "spec_enc": 32}
    (tmp_path / "net_config.json").write_text(json.dumps(config))
    assert CUNetTracker(tmp_path / "best_model.pt", "cpu").identity["network"] == "CB with LSTM"
    (tmp_path / "net_config.json").write_text(json.dumps({**config, "audio_encoder": "FBEncoder", "spec_enc": 16}))
    with pytest.raises(DataError, match=r"net_config\.json: config of another network \(audio_encoder, spec_enc\)"):
        CUNetTracker(tmp_path / "best_model.pt", "cpu")


@pytest.mark.parametrize("name", ["cunet", "cunet-published"])
def test_either_takes_weights_and_a_device(weights: Path, name: str) -> None:
    tracker = load(name, {"checkpoint": str(weights), "device": "cpu"})
    assert tracker.identity["weights_sha256"] == sha256_file(weights)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="no device 'abacus' here"):
        load(name, {"checkpoint": str(weights), "device": "abacus"})


@pytest.fixture
def anywhere(weights: Path) -> CUNetTracker:
    """The tracker as it runs on a GPU."""
    tracker = CUNetTracker(weights, "cpu")
    network = network_from(read_checkpoint(weights), weights)
    tracker._eyes, tracker._sound = PlainEyes(network), SoundEncoder(network, one_core=False)
    return tracker


def test_on_a_gpu_no_weight_is_brought_back() -> None:
    """A tensor without numbers stands for one that is on a GPU: numpy can read neither."""
    network = CUNet(Design()).to("meta")
    assert SoundEncoder(network, one_core=False).encode(torch.zeros(78, 40, device="meta")).shape == (1, 32)
    with pytest.raises((RuntimeError, TypeError, NotImplementedError)):
        SoundEncoder(network)


def test_on_a_gpu_it_answers_the_same(anywhere: CUNetTracker, weights: Path, view: ScoreView) -> None:
    audio, asked = sound(2 * SECONDS), np.array([0, 1, 4, 5, 17, 30, 90])
    follower = anywhere.open(view, 0)
    assert isinstance(follower, BatchFollower)
    by_hearing = stream(follower, audio, asked)
    np.testing.assert_allclose(table(follower.follow(audio, asked)), table(by_hearing), atol=0.1)
    np.testing.assert_allclose(
        table(stream(CUNetTracker(weights, "cpu").open(view, 0), audio, asked)), table(by_hearing), atol=0.1
    )
    nothing = follower.follow(audio[:900], np.array([0, 1]))
    assert nothing.x_px.tolist() == [0, 0]
    assert nothing.heard_s.tolist() == [900 / SECONDS] * 2


def test_it_follows_one_page(weights: Path, view: ScoreView) -> None:
    with pytest.raises(DataError, match="one page at a time, not 2"):
        CUNetTracker(weights, "cpu").open(ScoreView(view.pages * 2), 0)


def test_chunks_change_nothing(weights: Path, view: ScoreView) -> None:
    tracker, audio, asked = CUNetTracker(weights, "cpu"), sound(SECONDS), np.array([0, 3, 4, 11, 17])
    at_once = stream(tracker.open(view, 0), audio, asked)
    follower, heard, rows = tracker.open(view, 1), 0, []
    for frame in asked:
        for until in np.linspace(heard, samples_heard(int(frame)), 6).astype(int)[1:]:
            position = follower.hear(audio[heard:until])
            heard = until
        rows.append(follower.hear(audio[:0]))
        assert rows[-1] == position
    assert np.array_equal(table(Positions.from_list(asked, rows)), table(at_once))
    assert len(set(at_once.x_px)) > 1  # it does move


def test_a_frame_is_used_as_soon_as_it_is_complete_and_not_before(weights: Path, view: ScoreView) -> None:
    """Frame n of CUNet is complete with sample int(1102.5 n) + 1024."""
    follower, audio = CUNetTracker(weights, "cpu").open(view, 0), sound(SECONDS)
    nothing = follower.hear(audio[:1023])
    assert (nothing.x_px, nothing.y_px, nothing.confidence) == (0, 0, 0)
    first = follower.hear(audio[1023:1024])
    assert first.confidence >= 0.5
    before = follower.hear(audio[1024:2125])
    assert (before.x_px, before.y_px, before.confidence) == (first.x_px, first.y_px, first.confidence)
    assert before.heard_s == 2125 / SECONDS
    after = follower.hear(audio[2125:2126])
    assert (after.x_px, after.confidence) != (first.x_px, first.confidence)


def test_the_published_weights_follow_a_piece_of_the_authors(shared: Path) -> None:
    """At frame f < 2048 the newest frame of CUNet is f as well: its centre of mass, on the page, is the answer."""
    dataset = AuthorsDataset(shared / "msmd")
    [recording] = [dataset.load(split, name) for split in dataset.splits()[:1] for name in dataset.pieces(split)[:1]]
    audio = recording.read_audio()
    view = view_of(recording, plan_pages(recording, len(audio))[0], frozenset())
    lines = (shared / "reference/cunet/expected_lesgraces_CB_TA.csv").read_text().splitlines()[1:]
    expected = np.array([[float(word) for word in line.split(",")] for line in lines])
    asked = np.arange(0, 240, 8)
    tracker = CUNetTracker(shared / "reference/cunet/CB_TA/best_model.pt")
    said = stream(tracker.open(view, 0), audio, asked)
    assert said.y_px == pytest.approx((expected[asked, 4] + 0.5) * 1181 / 393, abs=1e-3)
    assert said.x_px == pytest.approx((expected[asked, 5] + 0.5) * 835 / 278, abs=1e-3)
    assert said.h_px == pytest.approx(expected[asked, 3] / 10 * 1181 / 393)
    onsets = recording.onsets()
    now = np.searchsorted(onsets["onset_s"].to_numpy(), (asked * 1102 + 1024) / SECONDS, side="right") - 1
    assert np.median(np.abs(said.x_px - onsets["x_px"].to_numpy()[now])) < 3


@pytest.mark.slow
def test_it_keeps_every_rule(shared: Path) -> None:
    results = checks(CUNetTracker(shared / "reference/cunet/CB_TA/best_model.pt"))
    assert [f"{r.name}: {r.reason}" for r in results if not r.passed] == []
    assert not any(r.reason.startswith("not judged") for r in results)
