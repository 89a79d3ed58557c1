"""A training of CUNet from its beginning, or from where it was killed, to weights with their card."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning
import torch

from baselines.cunet.blocks import ContextEncoder, FrameEncoder
from baselines.cunet.network import Design
from baselines.cunet.training.learner import Learner, Plan
from baselines.cunet.training.passages import Recipe, Repertoire
from scorebench.files import write_json
from scorebench.learning.course import Course, Outline, fingerprint
from scorebench.learning.pages import TrainingPage
from scorebench.learning.sound import FULL_SCALE, Ear, as_heard
from scorebench.spectrogram import cunet_recipe
from scorebench.weights import save_weights

CHOICES = (
    "as the paper and the release say: dice loss, Adam, passages of 16 frames at 4 desks with the state carried on",
    "ours: tempo changed in half of the playings, from 0.5 to 2, on the bands of the spectrogram",
    "ours: a plateau is more than 5 validations long; there are as many as epochs, and at least 20",
    "ours: after the end of a page its last passage is filled up with silence, and the last box stays",
)
"""What was decided where the sources are silent or differ."""

_LEAST_STD = 1e-6


@dataclass(frozen=True)
class Training:
    """Everything that decides a training.

    Attributes:
        name: of the tracker it is for.
        data: name and hash of the dataset.
        precision: as Lightning has it: "32-true" or "bf16-mixed".
        demo: whether the weights are for demonstration only.
        devices: processes that share the batch.
        keep_every: steps after which the training is kept between validations, too.
    """

    name: str
    data: dict[str, str]
    design: Design
    plan: Plan
    recipe: Recipe
    precision: str = "bf16-mixed"
    demo: bool = False
    devices: int = 1
    keep_every: int = 100

    def fingerprint(self) -> str:
        """sha256 over what decides the weights: a checkpoint of another training is not gone on from."""
        return fingerprint(self.name, self.data, asdict(self.design), asdict(self.plan), asdict(self.recipe))

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
    pages: Sequence[TrainingPage],
    validation: Sequence[TrainingPage],
    out: Path,
    device: str,
    resume: bool = False,
) -> Path:
    """Train, validate, and write weights with their card into ``out``.

    Args:
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
    validation = [page for page in validation if len(page.plan.frames_2021)]
    learner = Learner(training.design, training.plan, course.curve.points, validation)
    ear = Ear(cunet_recipe()).to(course.device)
    if course.kept is None:
        standardise(learner.network.perf_encoder, pages, ear)
    learner.repertoire = Repertoire(pages, ear, training.recipe)
    weights = out / f"{training.name}.safetensors"
    if course.run(learner, len(validation)):
        _write(weights, training, learner, course)
    return weights


def _write(path: Path, training: Training, learner: Learner, course: Course) -> None:
    card = {
        "name": training.name,
        "demo": training.demo,
        "data": training.data,
        "design": asdict(training.design),
        "plan": asdict(training.plan),
        "recipe": asdict(training.recipe),
        "choices": CHOICES,
        **course.facts(),
    }
    metadata = {
        "demo": json.dumps(training.demo),
        "design": json.dumps(asdict(training.design), sort_keys=True),
        "card": json.dumps(card, sort_keys=True, allow_nan=False),
    }
    save_weights(path, learner.network.state_dict(), metadata)
    write_json(path.with_suffix(".card.json"), card)


@torch.no_grad()
def standardise(encoder: ContextEncoder | FrameEncoder, pages: Sequence[TrainingPage], ear: Ear) -> None:
    """Set ``means`` and ``stds`` of ``encoder`` to those of each band over all frames of ``pages``."""
    total = torch.zeros(2, encoder.means.numel(), dtype=torch.float64, device=ear.window.device)
    frames = 0
    for page in pages:
        samples = torch.from_numpy(page.audio).to(ear.window.device).float() / FULL_SCALE
        heard = as_heard(ear(samples)).double()
        total += torch.stack([heard.sum(0), heard.square().sum(0)])
        frames += len(heard)
    mean, square = total.cpu() / frames
    std = (square - mean.square()).clamp(min=0).sqrt()
    encoder.means.copy_(mean.view_as(encoder.means))
    encoder.stds.copy_(std.where(std > _LEAST_STD, torch.ones_like(std)).view_as(encoder.stds))
