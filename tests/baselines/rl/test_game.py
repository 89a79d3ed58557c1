"""The environment."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from baselines.rl.game import ScoreFollowingGame
from baselines.rl.rounds import Board
from baselines.rl.rules import THRESHOLD_PX
from baselines.strip.material import StripPage
from scorebench.errors import UsageError


@pytest.fixture
def game(board: Board) -> ScoreFollowingGame:
    return ScoreFollowingGame([board])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("practice", [False, True])
def test_it_is_an_environment(board: Board, practice: bool) -> None:
    check_env(ScoreFollowingGame([board, board], practice), skip_render_check=True)


def test_without_pages_there_is_no_game() -> None:
    with pytest.raises(UsageError, match="needs a page"):
        ScoreFollowingGame([])


def play(game: ScoreFollowingGame, seed: int | None, actions: np.ndarray) -> list[tuple[float, ...]]:
    """Rewards, and sums over what is heard and seen; one episode after the other."""
    seen, _ = game.reset(seed=seed)
    rows = []
    for action in actions:
        rows.append((float(seen["perf"].sum()), float(seen["score"].sum())))
        seen, reward, over, _, info = game.step(action)
        rows.append((reward, info["error_px"]))
        if over:
            seen, _ = game.reset()
    return rows


def test_the_seed_decides_everything(board: Board, page: StripPage) -> None:
    actions = np.random.default_rng(1).integers(3, size=120)
    games = [ScoreFollowingGame([board] * 7, practice=True) for _ in range(2)]
    one, other = (play(game, 5, actions) for game in games)
    assert one == other
    assert games[0].episode > 1
    assert play(games[0], 5, actions) == one
    assert play(games[1], 6, actions) != one


def test_a_game_that_was_left_goes_on(board: Board) -> None:
    game, other = (ScoreFollowingGame([board, board], practice=True) for _ in range(2))
    actions = np.random.default_rng(2).integers(3, size=100)
    play(game, 3, actions[:50])
    seen, _ = other.reset(options={"state": game.state})
    assert all(np.array_equal(seen[name], game.round.observe(game.standing)[name]) for name in seen)
    for action in actions[50:]:
        one, two = game.step(action), other.step(action)
        assert one[1:] == two[1:]
        assert np.array_equal(one[0]["score"], two[0]["score"])
        if one[2]:
            one, two = game.reset(), other.reset()  # type: ignore[assignment]
            assert np.array_equal(one[0]["perf"], two[0]["perf"])
    assert game.state == other.state


def test_a_page_can_be_asked_for(board: Board, page: StripPage) -> None:
    from dataclasses import replace

    other = Board.of(replace(page, name="another"))
    game = ScoreFollowingGame([board, other])
    assert [game.reset(options={"page": number})[1]["page"] for number in (1, 0, 1)] == [
        "another",
        page.name,
        "another",
    ]


def test_an_episode_knows_nothing_of_the_one_before(game: ScoreFollowingGame) -> None:
    """The change that is seen first is none, and what is heard first has silence before it, whatever came before."""
    first, _ = game.reset(seed=0)
    for _ in range(20):
        seen, *_ = game.step(np.int64(2))
    assert seen["score"][1].any()
    again, _ = game.reset()
    assert not again["score"][1].any()
    for name in first:
        assert np.array_equal(first[name], again[name])
    assert not again["perf"][:, :, :-1].any()


def test_it_is_over_at_the_last_onset_and_no_frame_later(game: ScoreFollowingGame, page: StripPage) -> None:
    from baselines.rl.players import optimal

    game.reset(seed=0)
    over, frames = False, 0
    while not over:
        [action] = optimal([game.round], [game.standing])
        _, reward, over, cut, info = game.step(action)
        frames += 1
        assert not cut
        assert not info["lost"]
        assert 0 < reward <= 1
    assert frames == page.onset_frame[-1]


def test_who_loses_the_music_wins_nothing_more(game: ScoreFollowingGame) -> None:
    game.reset(seed=0)
    over = False
    while not over:
        _, reward, over, _, info = game.step(np.int64(2))
        assert info["lost"] == (abs(info["error_px"]) > THRESHOLD_PX)
        assert reward == pytest.approx(0.0 if info["lost"] else 1 - abs(info["error_px"]) / THRESHOLD_PX)
    assert info["lost"]
    assert reward == 0
