"""A training from its beginning, or from where it was killed, to weights with their card."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gymnasium
import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.logger import Logger, configure
from stable_baselines3.common.utils import set_random_seed

from baselines.rl.columns import ColumnTowers
from baselines.rl.network import Network
from baselines.rl.rounds import Board, Round
from baselines.rl.training.actor_critic import ActorCritic
from baselines.rl.training.exercises import Exercises
from baselines.rl.training.imitation import Imitator
from baselines.rl.training.keeping import Keeper, Kept
from baselines.rl.training.plan import Learner, Plan, Recipe
from baselines.rl.training.reinforce import Reinforce
from baselines.rl.training.validation import validate
from scorebench.errors import ScorebenchError
from scorebench.learning.card import card_of, save_trained
from scorebench.learning.course import fingerprint

LOGGED_EVERY = 20
"""Updates."""
CHOICES = (
    "as the paper and the release say: observations, actions, rewards, discount, Adam, GAE, clipping, entropy",
    "ours: a page is opened 80 px from the beginning of its strip, and not on its first note",
    "ours: the change of the sound is that since one frame earlier, at the first observation, too",
    "ours: advantages are normalised within minibatches and the critic learns returns of GAE (Stable-Baselines3)",
    "ours: the learning rate falls by a cosine, and is not divided by 10 on plateaus",
    "ours: in practice most rounds are played in another tempo, half with a tempo and a loudness that change",
    "ours: the best weights are those with most reward on the first 20 s of the pages of `valid`, each as recorded and "
    "in a performance with which the agent might practise",
)
"""What was decided where the sources are silent or differ."""


@dataclass(frozen=True)
class Training:
    """Everything that decides a training.

    Attributes:
        name: of the tracker it is for.
        data: name and hash of the dataset.
        precision: "32-true" or "bf16-mixed".
        demo: whether the weights are for demonstration only.
    """

    name: str
    data: dict[str, str]
    plan: Plan
    recipe: Recipe
    precision: str = "bf16-mixed"
    demo: bool = False

    def fingerprint(self) -> str:
        """sha256 over what decides the weights: a checkpoint of another training is not gone on from."""
        return fingerprint(self.name, self.data, asdict(self.plan), asdict(self.recipe))


def train(
    training: Training,
    boards: Sequence[Board],
    validation: Sequence[Round],
    out: Path,
    device: torch.device,
    resume: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Path:
    """Train, validate, and write weights with their card into ``out``.

    Args:
        resume: go on from ``out / last.ckpt`` where there is one.
        advance: told how many updates are done.

    Returns:
        The weights: the best by reward on ``validation``.

    Raises:
        UsageError: the checkpoint in ``out`` is of another training.
        ScorebenchError: a weight is not finite any more.
        DataError: a checkpoint cannot be read.
    """
    keeper = Keeper(out, training.fingerprint(), resume)
    set_random_seed(training.recipe.seed)
    network = Network(training.recipe.design).to(device)
    network.towers.in_16_bits = training.precision != "32-true"
    logger = configure(str(out / "tensorboard"), ["tensorboard"])
    course = _Course(training, network, boards, validation, logger, keeper)
    if keeper.kept is not None:
        course.restore(keeper.kept)
    for number in range(course.done, training.plan.updates):
        course.update(number)
        advance(number + 1)
    logger.close()
    network.load_state_dict(keeper.best())
    weights = out / f"{training.name}.safetensors"
    _write(weights, training, network, course.curve)
    return weights


class _Course:
    """Where a training is.

    Attributes:
        done: updates so far.
        curve: what validations found.
    """

    def __init__(
        self,
        training: Training,
        network: Network,
        boards: Sequence[Board],
        validation: Sequence[Round],
        logger: Logger,
        keeper: Keeper,
    ) -> None:
        self._plan, self._recipe = training.plan, training.recipe
        self._network, self._validation, self._logger, self._keeper = network, validation, logger, keeper
        self._imitations = self._plan.imitations(self._recipe)
        situations = self._plan.agents * self._plan.frames
        exercises = Exercises(boards, self._recipe.seed)
        self._imitator = Imitator(network, exercises, situations, self._imitations, logger.record)
        self._player: Learner
        if self._recipe.algorithm == "reinforce":
            self._player = Reinforce(network, boards, self._recipe, self._plan, logger.record)
        else:
            self._player = ActorCritic(network, boards, self._recipe, self._plan, logger)
        self.done = 0
        self.curve: list[dict[str, float]] = []

    def _learner(self, number: int) -> Learner:
        """Who does the update of that number."""
        return self._imitator if number < self._imitations else self._player

    def restore(self, kept: Kept) -> None:
        """Go on from a checkpoint."""
        self.done, self.curve = kept.done, kept.curve
        self._network.load_state_dict(kept.weights)
        learner = self._learner(self.done - 1)
        learner.optimizer.load_state_dict(kept.optimizer)
        learner.restore(kept.games)

    def update(self, number: int) -> None:
        """Do the update of that number, and what is due after it."""
        plan = self._plan
        set_random_seed(_seed_of(self._recipe.seed, number))
        learner, towers = self._learner(number), self._network.towers
        if isinstance(towers, ColumnTowers):
            towers.steady = learner is self._player
        learner.update(number)
        self.done = number + 1
        if not bool(torch.isfinite(self._network.actor_out.weight).all()):
            raise ScorebenchError(
                f"weights are not finite after update {self.done}: go on from the last checkpoint with --resume "
                "--precision 32-true"
            )
        valid = self.done % plan.validate_every == 0 or self.done == plan.updates
        if valid:
            self._validate()
        if valid or self.done % plan.keep_every == 0:
            self._keep()
        if valid or self.done % LOGGED_EVERY == 0:
            self._logger.dump(self.done)

    def _validate(self) -> None:
        found = validate(self._network, self._validation)
        imitates = self._learner(self.done - 1) is self._imitator
        self.curve.append({"step": self.done, "played": float(not imitates), **found})
        for name, value in found.items():
            self._logger.record(name.replace("_", "/", 1), value)
        if all(found["valid_reward"] > point["valid_reward"] for point in self.curve[:-1]):
            self._keeper.keep_best(self._network.state_dict())

    def _keep(self) -> None:
        learner = self._learner(self.done - 1)
        weights, optimizer = self._network.state_dict(), learner.optimizer.state_dict()
        self._keeper.keep(Kept(self.done, weights, optimizer, learner.state(), self.curve))


def _seed_of(seed: int, number: int) -> int:
    """Of what is drawn in the update of that number."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _write(path: Path, training: Training, network: Network, curve: list[dict[str, float]]) -> None:
    versions = {"stable_baselines3": stable_baselines3.__version__, "gymnasium": gymnasium.__version__}
    card = card_of(training, CHOICES, curve, versions)
    save_trained(path, network.state_dict(), card, {"design": training.recipe.design})
