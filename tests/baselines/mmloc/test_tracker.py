"""The trackers: what they answer, when, and what they say if they cannot."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.mmloc import pursuit  # noqa: E402 - needs torch
from baselines.mmloc import tracker as module  # noqa: E402
from baselines.mmloc.pursuit import START_PX  # noqa: E402
from baselines.mmloc.tracker import LostFollower, MMLocTracker, mm_loc, mm_loc_auto  # noqa: E402
from baselines.strip.unroll import unroll  # noqa: E402
from scorebench.errors import DataError, MissingDependencyError, UsageError  # noqa: E402
from scorebench.files import sha256_file  # noqa: E402
from scorebench.registry import load  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.score import ScoreView  # noqa: E402
from scorebench.timebase import samples_heard  # noqa: E402
from scorebench.tracker import Positions, follow, stream  # noqa: E402
from tests.baselines.strip.strange import STRANGE, strange  # noqa: E402

SECONDS = 22_050


@pytest.fixture(scope="module")
def tracker(weights: Path) -> MMLocTracker:
    return mm_loc(weights, "cpu")


@pytest.fixture(scope="module")
def audio() -> NDArray[np.float32]:
    return sample_recording().read_audio()


def table(positions: Positions) -> NDArray[Any]:
    return positions.to_table().to_numpy()


def test_the_card_says_what_the_code_does() -> None:
    card = tomllib.loads(Path(module.__file__).with_name("card.toml").read_text())
    assert card["given"] == ["systems"]
    said = {name: getattr(pursuit, name.upper()) for name in card["parameters"]["pursuit"]}
    assert card["parameters"]["pursuit"] == said


def test_what_it_is(tracker: MMLocTracker, weights: Path) -> None:
    assert tracker.given == frozenset({"systems"})
    assert mm_loc_auto(weights, "cpu").given == frozenset()
    assert tracker.demo
    assert tracker.device == "cpu"
    assert tracker.identity == {"weights_sha256": sha256_file(weights)}


def test_it_says_that_no_weights_came_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    for make in (mm_loc, mm_loc_auto):
        with pytest.raises(MissingDependencyError, match="scorebench train mm-loc"):
            make()
        with pytest.raises(UsageError, match="no such file"):
            make(tmp_path / "none.safetensors")


@pytest.mark.parametrize("name", ["mm-loc", "mm-loc-auto"])
def test_either_takes_weights_and_a_device(weights: Path, name: str) -> None:
    found = load(name, {"checkpoint": str(weights), "device": "cpu"})
    assert found.identity["weights_sha256"] == sha256_file(weights)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="no device 'abacus' here"):
        load(name, {"checkpoint": str(weights), "device": "abacus"})


@pytest.mark.parametrize("asked", [np.arange(100), np.array([0, 3, 4, 11, 17, 17, 60, 170]), np.array([], np.int64)])
def test_streaming_and_all_at_once_say_the_same(
    tracker: MMLocTracker, view: ScoreView, audio: NDArray[np.float32], asked: NDArray[np.int64]
) -> None:
    streamed = stream(tracker.open(view, 0), audio, asked)
    at_once = follow(tracker, view, audio, asked, seed=1)
    np.testing.assert_allclose(table(at_once), table(streamed), atol=1e-3)
    assert len(asked) == 0 or len(set(streamed.x_px)) > 1  # it does move


def test_there_is_no_future(tracker: MMLocTracker, view: ScoreView, audio: NDArray[np.float32]) -> None:
    other, at = audio.copy(), samples_heard(50)
    other[at:] = np.random.default_rng(0).normal(0, 0.1, len(audio) - at)
    asked = np.arange(0, 80)
    one, two = (table(follow(tracker, view, sound, asked, 0)) for sound in (audio, other))
    np.testing.assert_array_equal(one[:51], two[:51])
    assert (one[52:] != two[52:]).any()


def test_chunks_change_nothing(tracker: MMLocTracker, view: ScoreView, audio: NDArray[np.float32]) -> None:
    random = np.random.default_rng(3)
    whole = tracker.open(view, 0).hear(audio[: 3 * SECONDS])
    for _ in range(3):
        follower = tracker.open(view, 0)
        for chunk in np.split(audio[: 3 * SECONDS], np.sort(random.integers(0, 3 * SECONDS, 30))):
            said = follower.hear(chunk)
        assert said.x_px == pytest.approx(whole.x_px, abs=1e-3)
        assert said.confidence == pytest.approx(whole.confidence, abs=1e-5)
        assert said.heard_s == whole.heard_s == 3


def test_before_the_first_frame_it_waits_where_music_begins(tracker: MMLocTracker, view: ScoreView) -> None:
    """Frame n is complete with sample int(1102.5 n) + 1024."""
    follower = tracker.open(view, 0)
    audio = np.random.default_rng(0).normal(0, 0.1, 3000).astype(np.float32)
    nothing = follower.hear(audio[:1023])
    assert nothing.confidence == 0
    assert nothing.x_px == unroll(view.pages[0], view.systems).to_page(START_PX).x_px
    assert nothing.y_px == view.systems["y_px"].iloc[0]
    first = follower.hear(audio[1023:1024])
    assert first.confidence > 0
    assert follower.hear(audio[1024:2125]).x_px == first.x_px
    assert follower.hear(audio[2125:2126]).confidence != first.confidence


def test_a_box_is_as_high_as_its_system(tracker: MMLocTracker, view: ScoreView, audio: NDArray[np.float32]) -> None:
    said = follow(tracker, view, audio, np.arange(0, 150, 10), 0)
    systems = view.systems.set_index("y_px")
    assert set(said.y_px) <= set(systems.index)
    np.testing.assert_allclose(said.h_px, systems.loc[said.y_px, "h_px"])
    np.testing.assert_allclose(said.w_px, 30)


def test_a_page_twice_as_large_is_the_same_music(
    tracker: MMLocTracker, view: ScoreView, audio: NDArray[np.float32]
) -> None:
    large = np.kron(view.pages[0], np.ones((2, 2), np.uint8))
    sizes = ["x_px", "y_px", "w_px", "h_px"]
    systems = view.systems.assign(**{name: view.systems[name] * 2 for name in sizes})
    asked = np.arange(0, 50, 10)  # later an untrained network goes other ways for a pixel's difference
    one = follow(tracker, view, audio, asked, 0)
    two = follow(tracker, ScoreView((large,), {"systems": systems}), audio, asked, 0)
    np.testing.assert_allclose(two.x_px, 2 * one.x_px, atol=2)  # strips begin at whole pixels of their pages
    np.testing.assert_allclose(two.w_px, 60)


def test_it_follows_one_page(tracker: MMLocTracker, view: ScoreView) -> None:
    with pytest.raises(DataError, match="one page at a time, not 2"):
        tracker.open(ScoreView(view.pages * 2, view.told), 0)


def with_systems(view: ScoreView, **changed: Any) -> ScoreView:
    return ScoreView(view.pages, {"systems": view.systems.assign(**changed)})


def test_systems_that_cannot_be_unrolled_are_named(tracker: MMLocTracker, view: ScoreView) -> None:
    none = ScoreView(view.pages, {"systems": view.systems.iloc[:0]})
    with pytest.raises(DataError, match="no system on this page"):
        tracker.open(none, 0)
    with pytest.raises(DataError, match="nothing of it can be seen"):
        tracker.open(with_systems(view, w_px=0.0), 0)
    with pytest.raises(DataError, match="nothing of it can be seen"):
        tracker.open(with_systems(view, y_px=5000.0), 0)


@pytest.mark.parametrize("case", STRANGE)
def test_strange_systems_are_followed(
    tracker: MMLocTracker, view: ScoreView, audio: NDArray[np.float32], case: str
) -> None:
    """Answers are finite and on the page, whatever the boxes."""
    odd = strange(view, case)
    said = follow(tracker, odd, audio, np.arange(0, 160, 8), 0)
    assert ((said.x_px >= 0) & (said.x_px <= odd.pages[0].shape[1])).all()
    assert ((said.y_px >= 0) & (said.y_px <= odd.pages[0].shape[0])).all()


def test_it_finds_the_systems_itself(weights: Path, view: ScoreView, audio: NDArray[np.float32]) -> None:
    auto = mm_loc_auto(weights, "cpu")
    said = follow(auto, ScoreView(view.pages), audio, np.arange(0, 150, 10), 0)
    nearest = np.abs(said.y_px[:, None] - view.systems["y_px"].to_numpy()).min(1)
    assert nearest.max() < 10


@pytest.mark.parametrize("colour", [0, 255])
def test_without_a_staff_it_is_lost_and_says_so(weights: Path, audio: NDArray[np.float32], colour: int) -> None:
    blank = ScoreView((np.full((1181, 835), colour, np.uint8),))
    follower = mm_loc_auto(weights, "cpu").open(blank, 0)
    assert isinstance(follower, LostFollower)
    said = stream(follower, audio, np.array([0, 40]))
    assert said.confidence.tolist() == said.x_px.tolist() == said.y_px.tolist() == [0, 0]
    assert said.heard_s.tolist() == [samples_heard(0) / SECONDS, samples_heard(40) / SECONDS]


def test_a_turned_page_is_no_music_or_little_of_it(weights: Path, view: ScoreView, audio: NDArray[np.float32]) -> None:
    turned = np.ascontiguousarray(view.pages[0].T)
    said = follow(mm_loc_auto(weights, "cpu"), ScoreView((turned,)), audio, np.arange(0, 100, 9), 0)
    assert ((said.x_px >= 0) & (said.x_px <= turned.shape[1])).all()


def test_what_is_handed_over_is_left_alone(tracker: MMLocTracker, view: ScoreView) -> None:
    before = view.systems.copy()
    tracker.open(replace(view), 0)
    pd.testing.assert_frame_equal(view.systems, before)
