"""PPO and A2C by Stable-Baselines3, one update at a time.

The numbers are those of Henkel, Balke, Dorfer & Widmer (TISMIR 2019) and their release.
"""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

from stable_baselines3 import A2C, PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv

from baselines.rl.game import ScoreFollowingGame
from baselines.rl.network import Network
from baselines.rl.rounds import Board
from baselines.rl.rules import DISCOUNT
from baselines.rl.training.plan import LEARNING_RATE, MOST_GRADIENT, Plan, Recipe, falling_rate
from baselines.rl.training.policy import GamePolicy

GAE_LAMBDA, CLIP, BATCH = 0.95, 0.2, 32
ENTROPY_SHARE, VALUE_SHARE = 0.05, 0.5


class ActorCritic:
    """Makes ``network`` better by playing."""

    def __init__(self, network: Network, boards: Sequence[Board], recipe: Recipe, plan: Plan, logger: Logger) -> None:
        self._games = [ScoreFollowingGame(boards, recipe.practice) for _ in range(plan.agents)]
        self._env = DummyVecEnv([partial(_same, game) for game in self._games])
        self._rate = LEARNING_RATE
        self._first, self._plan = plan.imitations(recipe), plan
        self._algorithm = self._make(network, recipe)
        self._algorithm.set_logger(logger)
        self.optimizer = self._algorithm.policy.optimizer

    def _make(self, network: Network, recipe: Recipe) -> OnPolicyAlgorithm:
        common: dict[str, Any] = {
            "policy": GamePolicy,
            "env": self._env,
            "learning_rate": lambda _: self._rate,
            "n_steps": self._plan.frames,
            "gamma": DISCOUNT,
            "ent_coef": ENTROPY_SHARE,
            "vf_coef": VALUE_SHARE,
            "max_grad_norm": MOST_GRADIENT,
            "normalize_advantage": True,
            "policy_kwargs": {"network": network},
            "seed": recipe.seed,
            "device": network.device,
        }
        if recipe.algorithm == "a2c":
            return A2C(**common, gae_lambda=1.0, use_rms_prop=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*mini-batch", category=UserWarning)  # the last is smaller
            return PPO(**common, gae_lambda=GAE_LAMBDA, clip_range=CLIP, batch_size=BATCH, n_epochs=1)

    def update(self, number: int) -> None:
        """Do the update of that number."""
        self._rate = falling_rate(LEARNING_RATE, number, self._first, self._plan.updates)
        frames = self._plan.agents * self._plan.frames
        self._algorithm.learn(frames, log_interval=2, reset_num_timesteps=False)  # the loop logs

    def state(self) -> list[list[int]]:
        """Where its games are."""
        return [game.state for game in self._games]

    def restore(self, games: list[list[int]]) -> None:
        """Go on with games that were left, before the first update."""
        self._env.set_options([{"state": game} for game in games])


def _same(game: ScoreFollowingGame) -> ScoreFollowingGame:
    return game
