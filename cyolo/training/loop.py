"""A training of CYOLO from its beginning, or from where it was killed, to weights with their card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning
import torch

from cyolo.checkpoint import save_network
from cyolo.network import Settings
from cyolo.training.hearing import Ear
from cyolo.training.learner import Learner, Plan
from cyolo.training.visits import Recipe, Visitor
from scorebench.files import write_json
from scorebench.learning.course import Course, Outline, fingerprint
from scorebench.learning.pages import TrainingPage

CHOICES = (
    "as the paper says: ELU in the audio encoder, a recurrent layer that learns, decay on weights only, forget bias 1",
    "as the release does: filterbank spaced by sr / 2050; a memory of whole chunks since the page was opened",
    "ours: objectness weighs 64 times what it does in the paper, and begins at what it is for an empty cell",
    "ours: frames of one visit share the page, its shift and its altered sound; more of them at onsets",
)
"""Where the paper and the authors' release differ, and where this training differs from both."""


@dataclass(frozen=True)
class Training:
    """Everything that decides a training.

    Attributes:
        name: of the tracker it is for.
        data: name and hash of the dataset.
        validate_every: steps from one validation to the next.
        precision: as Lightning has it: "32-true" or "bf16-mixed".
        demo: whether the weights are for demonstration only.
        devices: processes that share the batch.
    """

    name: str
    data: dict[str, str]
    settings: Settings
    plan: Plan
    recipe: Recipe
    validate_every: int
    precision: str = "bf16-mixed"
    demo: bool = False
    devices: int = 1

    def fingerprint(self) -> str:
        """sha256 over what decides the weights: a checkpoint of another training is not gone on from."""
        return fingerprint(self.name, self.data, asdict(self.settings), asdict(self.plan), asdict(self.recipe))

    def outline(self) -> Outline:
        """What its course depends on."""
        plan = self.plan
        return Outline(self.fingerprint(), plan.steps, plan.visits, self.validate_every, self.precision, self.devices)


def train(
    training: Training,
    pages: Sequence[TrainingPage],
    validation: Sequence[TrainingPage],
    responses: Sequence[torch.Tensor],
    out: Path,
    device: str,
    resume: bool = False,
) -> Path:
    """Train, validate, and write weights with their card into ``out``.

    Args:
        responses: impulse responses, for visits in rooms.
        device: "cpu" or "cuda".
        resume: go on from ``out / last.ckpt`` where there is one.

    Returns:
        The weights: the best by the loss on ``validation``.

    Raises:
        UsageError: the checkpoint in ``out`` is of another training.
        ScorebenchError: the loss is not finite.
        DataError: a checkpoint cannot be read, or the GPU has too little memory.
    """
    course = Course(training.outline(), out, device, resume)
    lightning.seed_everything(training.recipe.seed, verbose=False)
    learner = Learner(training.settings, training.plan, validation)
    rooms = [response.to(course.device) for response in responses]
    learner.visitor = Visitor(pages, rooms, Ear().to(course.device), training.recipe)
    weights = out / f"{training.name}.safetensors"
    if course.run(learner, len(validation)):
        card = {
            "name": training.name,
            "demo": training.demo,
            "data": training.data,
            "plan": asdict(training.plan),
            "recipe": asdict(training.recipe),
            "choices": CHOICES,
            **course.facts(),
        }
        save_network(weights, learner.network, card)
        write_json(weights.with_suffix(".card.json"), card)
    return weights
