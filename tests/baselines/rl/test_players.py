"""The best and the worst that can be done in the game."""

import numpy as np
import pytest

from baselines.rl.players import Outcome, at_random, optimal, play
from baselines.rl.rounds import Board, practised, somewhere
from baselines.rl.rules import THRESHOLD_PX, Standing


def test_the_optimal_and_the_random_agent_bracket_the_game(board: Board) -> None:
    rounds = [board.played(), *(practised(board, np.random.default_rng(seed)) for seed in range(6))]
    best = play(rounds, optimal)
    assert all(outcome.tracked for outcome in best)
    assert min(outcome.reward for outcome in best) > 0.95
    assert np.median(np.abs(np.concatenate([outcome.onsets_px() for outcome in best]))) < 7
    worst = play(rounds * 10, at_random(np.random.default_rng(0)))
    assert not any(outcome.tracked for outcome in worst)
    assert np.mean([outcome.reward for outcome in worst]) < 0.5


def test_an_outcome_counts_what_was_lost() -> None:
    lost = Outcome(10, np.array([0.0, 85.0, 171.0]), np.array([1, 2, 3, 9]))
    assert not lost.tracked
    assert lost.reward == pytest.approx(0.15)
    assert lost.onsets_px().tolist() == [0, 85, np.inf, np.inf]
    kept = Outcome(2, np.array([0.0, -85.0]), np.array([2]))
    assert kept.tracked
    assert kept.reward == pytest.approx(0.75)


def test_a_round_can_begin_and_end_within_the_page(board: Board) -> None:
    drawn = board.played()
    middle = Standing(40, round(drawn.music_at[40]), 4, round(drawn.music_at[36]))
    [short, whole] = play([drawn, drawn], optimal, most=60, begins=[middle, Standing(0, 80, 0, 80)])
    assert (short.frames, whole.frames) == (20, 60)
    assert len(short.errors_px) == 20
    assert (short.onset_frame + 40).tolist() == [f for f in board.page.onset_frame if 40 < f <= 60]
    [nothing] = play([drawn], optimal, begins=[Standing(drawn.last, 0, 0, 0)])
    assert nothing.frames == 0
    assert nothing.reward == 0


def test_practice_begins_anywhere_but_not_lost(board: Board) -> None:
    random = np.random.default_rng(0)
    frames, errors = [], []
    drawn = practised(board, random)
    for _ in range(300):
        standing = somewhere(drawn, random)
        frames.append(standing.frame)
        errors.append(drawn.error_px(standing))
        assert 0 <= standing.place < drawn.sheet.columns
    assert min(frames) < 10
    assert max(frames) > drawn.last - 10
    assert max(frames) < drawn.last
    assert max(np.abs(errors)) <= THRESHOLD_PX
    assert np.std(errors) > 20
