"""A training of MM-Loc from its beginning, or from where it was killed, to weights with their card."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import lightning
import numpy as np
from numpy.typing import NDArray

from baselines.mmloc.network import Design
from baselines.mmloc.training.learner import Learner, Plan
from baselines.mmloc.training.rooms import decay_of
from baselines.mmloc.training.samples import Recipe, Sampler
from baselines.strip.material import StripPage
from scorebench.layers import keep_freed_memory
from scorebench.learning.card import card_of, save_trained
from scorebench.learning.course import Course, Outline, fingerprint, rooms_hash

CHOICES = (
    "as the paper says: two towers with batch norm and ReLU, 40 buckets, soft targets, categorical cross-entropy",
    "ours: dense layers over the score and over both share their weights between columns; both are multiplied",
    "ours: no dropout (the design says how much); AdamW, a learning rate that rises and then falls as a cosine to 0",
    "ours: several moments share a snippet, four of five are onsets; between onsets the place moves evenly",
    "ours: tempo by 0.5 to 2, loudness, and scale and height of the picture are altered; rooms, if any, are simulated",
)
"""What was decided where the paper is silent or does not fit."""


@dataclass(frozen=True)
class Training:
    """Everything that decides a training.

    Attributes:
        name: of the tracker it is for.
        data: name and hash of the dataset.
        rooms: sha256 of the impulse responses, if any.
        precision: as Lightning has it: "32-true" or "bf16-mixed".
        demo: whether the weights are for demonstration only.
        devices: processes that share the batch; each normalises its own share of it.
        keep_every: steps after which the training is kept between validations, too.
    """

    name: str
    data: dict[str, str]
    design: Design
    plan: Plan
    recipe: Recipe
    rooms: str | None = None
    precision: str = "bf16-mixed"
    demo: bool = False
    devices: int = 1
    keep_every: int = 200

    def fingerprint(self) -> str:
        """sha256 over what decides the weights: a checkpoint of another training is not gone on from."""
        decides = (asdict(part) for part in (self.design, self.plan, self.recipe))
        return fingerprint(self.name, self.data, *decides, self.rooms)

    def outline(self) -> Outline:
        """What its course depends on."""
        plan = self.plan
        return Outline(
            fingerprint=self.fingerprint(),
            steps=plan.steps,
            visits=plan.visits,
            validate_every=plan.validate_every,
            precision=self.precision,
            devices=self.devices,
            keep_every=self.keep_every,
        )


def train(
    training: Training,
    pages: Sequence[StripPage],
    validation: Sequence[StripPage],
    responses: Sequence[NDArray[np.float32]],
    out: Path,
    device: str,
    resume: bool = False,
) -> Path:
    """Train, validate, and write weights with their card into ``out``.

    Args:
        responses: impulse responses of rooms, if the recipe has rooms.
        device: "cpu", "cuda", or "cuda:1" and so on.
        resume: go on from ``out / last.ckpt`` where there is one.

    Returns:
        The weights: the best by the loss on ``validation``.

    Raises:
        UsageError: the checkpoint in ``out`` is of another training.
        ScorebenchError: the loss is not finite.
        DataError: a checkpoint cannot be read, or the GPU has too little memory.
    """
    keep_freed_memory()
    training = replace(training, rooms=rooms_hash(responses))
    course = Course(training.outline(), out, device, resume)
    lightning.seed_everything(training.recipe.seed, verbose=False)
    validation = [page for page in validation if len(page.plan.frames_2021)]
    learner = Learner(training.design, training.plan, training.recipe.seed, validation)
    decays = [decay_of(response) for response in responses]
    learner.sampler = Sampler(pages, training.recipe, course.device, decays)
    weights = out / f"{training.name}.safetensors"
    if course.run(learner, len(validation)):
        design = asdict(training.design)
        versions = {"lightning": lightning.__version__}
        card = {"design": design, "rooms": training.rooms, **card_of(training, CHOICES, course.curve.points, versions)}
        save_trained(weights, learner.network.state_dict(), card, {"design": json.dumps(design, sort_keys=True)})
    return weights
