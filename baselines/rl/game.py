"""Score following as a game for reinforcement learning (Henkel, Balke, Dorfer & Widmer, TISMIR 2019, section 3).

An episode is a page, from the moment at which it is opened to its last onset, or until the music is lost. Which pages
are played, and how they begin, follows from the seed and the number of the episode alone.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from baselines.rl.rounds import Board, practised, somewhere
from baselines.rl.rules import ACTIONS, THRESHOLD_PX, Standing, opening, rewards
from baselines.rl.views import LOUDEST, SCORE_SHAPE, SOUND_SHAPE
from scorebench.errors import UsageError

Observation = dict[str, NDArray[np.float32]]


class ScoreFollowingGame(gymnasium.Env[Observation, np.int64]):
    """The game as an environment.

    Actions: 0, 1, 2 for slower by 1 px a frame, as before, faster.
    Observations: ``perf`` (2, 78, 40) and ``score`` (2, 80, 256), as ``views`` has them.
    ``info``: ``error_px``, how far the agent is ahead of the music, ``lost``, and the name of the ``page``.

    Attributes:
        round: what is played, ``standing``: where its agent is.
        episode: its number since the game was seeded.

    Args:
        boards: pages, from which one is drawn for each episode.
        practice: begin at any frame of a page, near the music and with about its speed, instead of at its opening; and
            play it in another tempo and loudness (``performing``).

    Raises:
        UsageError: there is no page.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - as gymnasium wants it

    def __init__(self, boards: Sequence[Board], practice: bool = False) -> None:
        if not boards:
            raise UsageError("a game needs a page to be played on")
        self.observation_space: spaces.Space[Observation] = spaces.Dict(  # type: ignore[assignment]
            {
                "perf": spaces.Box(-LOUDEST, LOUDEST, SOUND_SHAPE, np.float32),
                "score": spaces.Box(-1.0, 1.0, SCORE_SHAPE, np.float32),
            }
        )
        self.action_space = spaces.Discrete(ACTIONS)
        self.episode = -1
        self._boards, self._practice = boards, practice
        self._seed, self._number = 0, 0
        self._begin(None)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin the next episode.

        Args:
            seed: of the episodes from now on, whose numbers begin with 0 again.
            options: ``page`` plays the page of that number; ``state`` goes on with a game that was left.
        """
        super().reset(seed=seed)
        if seed is not None:
            self._seed, self.episode = seed, -1
        options = options or {}
        if "state" in options:
            self._seed, self.episode, self._number, *standing = (int(number) for number in options["state"])
            self._begin(self._number)
            self.standing = Standing(*standing)
        else:
            self.episode += 1
            self._begin(options.get("page"))
        return self.round.observe(self.standing), self._info()

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Choose a speed, and hear the next frame from where it leads. After the end of a game nothing more is won."""
        self.standing = self.standing.moved(int(action), self.round.sheet.columns)
        info = self._info()
        reward = float(rewards(np.array([info["error_px"]]))[0])
        over = bool(info["lost"]) or self.standing.frame >= self.round.last
        return self.round.observe(self.standing), reward, over, False, info

    @property
    def state(self) -> list[int]:
        """Where this game is, for ``reset`` of a game of the same pages."""
        return [self._seed, self.episode, self._number, *astuple(self.standing)]

    def _begin(self, number: int | None) -> None:
        """Open the page of that ``number``, or else one that is drawn."""
        random = np.random.default_rng([self._seed, max(self.episode, 0)])
        drawn = int(random.integers(len(self._boards)))
        self._number = drawn if number is None else number
        board = self._boards[self._number]
        self.round = practised(board, random) if self._practice else board.played()
        self.standing = somewhere(self.round, random) if self._practice else opening(self.round.sheet.columns)

    def _info(self) -> dict[str, Any]:
        error_px = self.round.error_px(self.standing)
        return {"error_px": error_px, "lost": abs(error_px) > THRESHOLD_PX, "page": self.round.name}
