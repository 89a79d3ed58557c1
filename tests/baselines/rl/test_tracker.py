"""The trackers: what they answer, when, and what they say if they cannot."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.rl import rules  # noqa: E402 - needs torch
from baselines.rl import tracker as module  # noqa: E402
from baselines.rl.rounds import Board  # noqa: E402
from baselines.rl.tracker import RLTracker, rl, rl_auto  # noqa: E402
from scorebench.errors import DataError, MissingDependencyError, NotGivenError, UsageError  # noqa: E402
from scorebench.files import sha256_file  # noqa: E402
from scorebench.protocol.pages import plan_pages, view_of  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.score import ScoreView  # noqa: E402
from scorebench.tracker import Positions, follow, stream  # noqa: E402
from tests.baselines.strip.strange import STRANGE, strange  # noqa: E402

SECONDS = 22_050


@pytest.fixture(scope="session")
def view() -> ScoreView:
    recording = sample_recording()
    [plan] = plan_pages(recording, 8 * SECONDS)
    return view_of(recording, plan, frozenset({"systems"}))


def sound(samples: int) -> NDArray[np.float32]:
    return sample_recording().read_audio()[:samples]


def table(positions: Positions) -> NDArray[Any]:
    return positions.to_table().to_numpy()


def test_what_they_are(weights: Path) -> None:
    told, auto = rl(weights, "cpu"), rl_auto(weights, "cpu")
    assert told.given == {"systems"}
    assert auto.given == frozenset()
    assert told.demo
    assert told.device == "cpu"
    assert told.identity == {"weights_sha256": sha256_file(weights), "network": "columns"}


def test_the_card_says_what_the_code_does() -> None:
    card = tomllib.loads(Path(module.__file__).with_name("card.toml").read_text())
    assert card["given"] == ["systems"]
    assert card["stochastic"] is RLTracker.stochastic
    said = {name: getattr(rules, name.upper()) for name in card["parameters"]["rules"]}
    assert card["parameters"]["rules"] == said


def test_they_say_that_no_weights_came_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    for make in (rl, rl_auto):
        with pytest.raises(MissingDependencyError, match="scorebench train rl"):
            make()
        with pytest.raises(UsageError, match=r"none\.safetensors: no such file"):
            make(tmp_path / "none.safetensors")


def test_bad_input_is_refused(weights: Path, view: ScoreView, tmp_path: Path) -> None:
    tracker = rl(weights)
    with pytest.raises(DataError, match="one page at a time, not 2"):
        tracker.open(ScoreView(view.pages * 2, view.told), 0)
    with pytest.raises(NotGivenError):
        tracker.open(ScoreView(view.pages), 0)
    with pytest.raises(DataError, match="no system"):
        tracker.open(ScoreView(view.pages, {"systems": view.systems.iloc[:0]}), 0)
    (tmp_path / "rl.safetensors").write_bytes(b"no weights")
    with pytest.raises(DataError, match="damaged"):
        rl(tmp_path / "rl.safetensors")
    with pytest.raises(UsageError, match="no device 'abacus'"):
        rl(weights, "abacus")


def test_hearing_and_following_are_the_same(weights: Path, view: ScoreView) -> None:
    audio, asked = sound(6 * SECONDS), np.array([0, 1, 4, 5, 17, 30, 90, 100])
    tracker = rl(weights, "cpu")
    by_hearing = stream(tracker.open(view, 3), audio, asked)
    by_following = tracker.open(view, 3).follow(audio, asked)  # type: ignore[attr-defined]
    np.testing.assert_allclose(table(by_following), table(by_hearing), atol=1e-4)
    assert len(set(by_hearing.x_px)) > 3  # it does move


def test_chunks_change_nothing(weights: Path, view: ScoreView) -> None:
    tracker, audio, asked = rl(weights, "cpu"), sound(2 * SECONDS), np.array([0, 3, 4, 11, 30])
    at_once = stream(tracker.open(view, 0), audio, asked)
    follower, heard, rows = tracker.open(view, 0), 0, []
    for frame in asked:
        for until in np.linspace(heard, 2048 + 1102 * frame, 6).astype(int)[1:]:
            follower.hear(audio[heard:until])
            heard = until
        rows.append(follower.hear(audio[:0]))
    assert np.array_equal(table(Positions.from_list(asked, rows)), table(at_once))


def test_the_seed_and_the_page_decide_what_is_drawn(weights: Path, view: ScoreView) -> None:
    tracker, audio, asked = rl(weights, "cpu"), sound(5 * SECONDS), np.arange(90)

    def followed(score: ScoreView, seed: int) -> list[float]:
        return tracker.open(score, seed).follow(audio, asked).x_px.tolist()  # type: ignore[attr-defined]

    assert followed(view, 1) == followed(view, 1)
    assert len({tuple(followed(view, seed)) for seed in (-1, 0, 1, 2)}) == 4
    page = view.pages[0].copy()
    page[0, 0] = 0  # a speck of dust
    assert followed(ScoreView((page,), view.told), 1) != followed(view, 1)


def test_agents_side_by_side_do_what_each_does_alone(weights: Path, view: ScoreView) -> None:
    tracker, audio, asked = rl(weights, "cpu"), sound(4 * SECONDS), np.arange(0, 75, 3)
    together = tracker.follow_seeds(view, audio, asked, range(4))
    for seed, said in enumerate(together):
        alone = tracker.open(view, seed).follow(audio, asked)  # type: ignore[attr-defined]
        np.testing.assert_allclose(table(said), table(alone), atol=1e-4)


def test_it_plays_the_game_it_was_trained_in(weights: Path, view: ScoreView, board: Board) -> None:
    """At each frame it is where the game would have it, after the same actions."""
    from baselines.rl.agent import Agents
    from baselines.rl.rules import opening

    tracker, audio = rl(weights, "cpu"), sound(3 * SECONDS)
    follower = tracker.open(view, 0)
    said = follower.follow(audio, np.arange(55))  # type: ignore[attr-defined]
    agents: Agents = follower._agents_of([0])  # type: ignore[attr-defined]
    drawn = board.played()
    standing = opening(board.sheet.columns)
    network = tracker._network
    for frame in range(55):
        agents.hear(network.towers.hear(torch.from_numpy(drawn.sound.view(frame))[None]))
        assert agents._standings[0].frame == frame
        expected = board.page.strip.to_page(np.array([agents.places[0] + 0.5]))
        assert said.x_px[frame] == pytest.approx(float(expected.x_px[0]), abs=1e-6)
        assert agents._actions is not None
        assert agents._standings[0] == standing
        standing = standing.moved(agents._actions[0], board.sheet.columns)


def test_before_the_first_frame_it_waits_where_a_page_begins(weights: Path, view: ScoreView) -> None:
    follower = rl(weights, "cpu").open(view, 0)
    waiting = follower.hear(sound(1023))
    assert waiting.confidence == 0
    assert waiting.y_px == view.systems["y_px"][0]
    assert waiting.h_px == view.systems["h_px"][0]
    assert waiting.heard_s == pytest.approx(1023 / SECONDS)
    assert follower.hear(sound(1024)[1023:]).x_px == waiting.x_px


def test_who_is_not_told_finds_the_systems(weights: Path, view: ScoreView) -> None:
    audio, asked = sound(4 * SECONDS), np.arange(0, 75, 5)
    told = rl(weights, "cpu").open(view, 0).follow(audio, asked)  # type: ignore[attr-defined]
    found = rl_auto(weights, "cpu").open(ScoreView(view.pages), 0).follow(audio, asked)  # type: ignore[attr-defined]
    assert np.abs(told.y_px - found.y_px).max() < 10


@pytest.mark.parametrize("case", STRANGE)
def test_strange_systems_are_followed(weights: Path, view: ScoreView, case: str) -> None:
    """Answers are finite and on the page, whatever the boxes, told or found."""
    odd, audio, asked = strange(view, case), sound(6 * SECONDS), np.arange(0, 110, 6)
    for tracker, score in ((rl(weights, "cpu"), odd), (rl_auto(weights, "cpu"), ScoreView(odd.pages))):
        said = follow(tracker, score, audio, asked, 0)
        assert ((said.x_px >= 0) & (said.x_px <= odd.pages[0].shape[1])).all()
        assert ((said.y_px >= 0) & (said.y_px <= odd.pages[0].shape[0])).all()


def test_on_an_empty_page_it_answers_without_confidence(weights: Path) -> None:
    empty = ScoreView((np.full((400, 300), 255, np.uint8),))
    tracker, asked = rl_auto(weights, "cpu"), np.array([0, 5, 9])
    said = stream(tracker.open(empty, 0), sound(SECONDS), asked)
    assert said.confidence.tolist() == [0, 0, 0]
    assert said.x_px.tolist() == [150] * 3
    for again in tracker.follow_seeds(empty, sound(SECONDS), asked, [1, 2]):
        assert np.array_equal(table(again), table(said))
