"""A training of CUNet from its beginning, or from where it was killed, to weights with their card."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import lightning
import torch

from baselines.cunet.blocks import ContextEncoder, FrameEncoder
from baselines.cunet.network import CUNet, Design, design_of
from baselines.cunet.training.learner import Learner, Plan
from baselines.cunet.training.lessons import CUNetPupil
from baselines.cunet.training.material import notes_of
from baselines.cunet.training.passages import Recipe, Repertoire
from scorebench.errors import UsageError
from scorebench.files import sha256_file
from scorebench.learning.card import begun_with, card_of, save_trained
from scorebench.learning.course import Course, Outline, fingerprint
from scorebench.learning.lessons import Syllabus
from scorebench.learning.pages import TrainingPage
from scorebench.learning.sound import Ear, as_heard, played
from scorebench.spectrogram import cunet_recipe
from scorebench.weights import load_into, read_checkpoint

CHOICES = (
    "as the paper and the release say: dice loss, Adam, frames in a row at a few desks with the state carried on",
    "ours: tempo changed in half of the playings, from 0.5 to 2, on the bands of the spectrogram",
    "ours: after the end of a page its last passage is filled up with silence, and the last box stays",
)
"""What was decided where the sources are silent or differ."""
PLATEAU = "ours: a plateau is more than 5 validations long; there are as many as epochs, and at least 20"
TAUGHT = (
    "ours: begun with lessons in pitches; ten times the paper's rate along a cosine, one frame in some is looked for"
)
LESSONS = "ours: lessons in pitches, before any training; no masks are learnt"

_LEAST_STD = 1e-6


@dataclass(frozen=True)
class Training:
    """Everything that decides a training.

    Attributes:
        name: of the tracker it is for.
        data: name and hash of the dataset.
        plan: of the training, or the syllabus of lessons.
        validate_every: steps from one validation to the next.
        start: sha256 of the weights that it begins with, if any.
        precision: as Lightning has it: "32-true" or "bf16-mixed".
        demo: whether the weights are for demonstration only.
        devices: processes that share the batch.
        keep_every: steps after which the training is kept between validations, too.
    """

    name: str
    data: dict[str, str]
    design: Design
    plan: Plan | Syllabus
    recipe: Recipe
    validate_every: int
    start: str | None = None
    precision: str = "bf16-mixed"
    demo: bool = False
    devices: int = 1
    keep_every: int = 100

    def fingerprint(self) -> str:
        """sha256 over what decides the weights: a checkpoint of another training is not gone on from."""
        decides = (asdict(part) for part in (self.design, self.plan, self.recipe))
        return fingerprint(self.name, self.data, *decides, self.validate_every, self.start)

    def outline(self) -> Outline:
        """What its course depends on."""
        plan = self.plan
        return Outline(
            fingerprint=self.fingerprint(),
            steps=plan.steps,
            visits=plan.visits,
            validate_every=self.validate_every,
            precision=self.precision,
            devices=self.devices,
            keep_every=self.keep_every,
            all_learn=isinstance(plan, Plan),
        )


def train(
    training: Training,
    pages: Sequence[TrainingPage],
    validation: Sequence[TrainingPage],
    out: Path,
    device: str,
    resume: bool = False,
    start: Path | None = None,
) -> Path:
    """Train, validate, and write weights with their card into ``out``.

    Args:
        device: "cpu", "cuda", or "cuda:1" and so on.
        resume: go on from ``out / last.ckpt`` where there is one.
        start: weights to begin with.

    Returns:
        The weights: the best by the loss on ``validation``.

    Raises:
        UsageError: the checkpoint in ``out`` is of another training, or ``start`` of another network.
        ScorebenchError: the loss is not finite.
        DataError: a checkpoint cannot be read, or the GPU has too little memory; lessons, and no pitches are known.
    """
    training = replace(training, start=sha256_file(start) if start is not None else None)
    course = Course(training.outline(), out, device, resume)
    lightning.seed_everything(training.recipe.seed, verbose=False)
    validation = [page for page in validation if len(page.plan.frames_2021)]
    learner: Learner | CUNetPupil
    if isinstance(training.plan, Syllabus):
        learner, pitches = CUNetPupil(training.design, training.plan, validation), [notes_of(page) for page in pages]
    else:
        learner, pitches = Learner(training.design, training.plan, course.curve.points, validation), []
    ear = Ear(cunet_recipe()).to(course.device)
    if start is not None:
        _begin_with(learner.network, start)
    elif course.kept is None:
        standardise(learner.network.perf_encoder, pages, ear)
    learner.repertoire = Repertoire(pages, ear, training.recipe, pitches)
    weights = out / f"{training.name}.safetensors"
    if course.run(learner, len(validation)):
        design = asdict(training.design)
        versions = {"lightning": lightning.__version__}
        card = {
            "design": design,
            **card_of(training, _choices(training), course.curve.points, versions),
            **begun_with(start, training.start),
        }
        save_trained(weights, learner.network.state_dict(), card, {"design": json.dumps(design, sort_keys=True)})
    return weights


def _choices(training: Training) -> tuple[str, ...]:
    if isinstance(training.plan, Syllabus):
        return (*CHOICES, LESSONS)
    return (*CHOICES, PLATEAU if training.start is None else TAUGHT)


def _begin_with(network: CUNet, start: Path) -> None:
    tensors = read_checkpoint(start)
    if design_of(tensors) != network.design:
        raise UsageError(f"{start}: weights of another network; begin with those of a training of CUNet")
    load_into(network, tensors, start)


@torch.no_grad()
def standardise(encoder: ContextEncoder | FrameEncoder, pages: Sequence[TrainingPage], ear: Ear) -> None:
    """Set ``means`` and ``stds`` of ``encoder`` to those of each band over all frames of ``pages``."""
    total = torch.zeros(2, encoder.means.numel(), dtype=torch.float64, device=ear.window.device)
    frames = 0
    for page in pages:
        heard = as_heard(ear(played(page.audio, ear.window.device))).double()
        total += torch.stack([heard.sum(0), heard.square().sum(0)])
        frames += len(heard)
    mean, square = total.cpu() / frames
    std = (square - mean.square()).clamp(min=0).sqrt()
    encoder.means.copy_(mean.view_as(encoder.means))
    encoder.stds.copy_(std.where(std > _LEAST_STD, torch.ones_like(std)).view_as(encoder.stds))
