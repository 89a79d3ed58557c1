"""A training of CYOLO from its beginning, or from where it was killed, to weights with their card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import lightning
import torch

from cyolo.checkpoint import load_network, save_network
from cyolo.network import Cyolo, Settings
from cyolo.training.hearing import Ear
from cyolo.training.learner import Learner, Plan
from cyolo.training.lessons import CyoloPupil
from cyolo.training.material import notes_of
from cyolo.training.visits import Recipe, Visitor
from scorebench.errors import UsageError
from scorebench.files import sha256_file
from scorebench.learning.card import begun_with, card_of
from scorebench.learning.course import Course, Outline, fingerprint, rooms_hash
from scorebench.learning.lessons import Syllabus
from scorebench.learning.pages import TrainingPage

ALWAYS = (
    "as the paper says: ELU in the audio encoder, decay on weights only, forget bias 1",
    "as the release does: filterbank spaced by sr / 2050; a memory of whole chunks since the page was opened",
    "ours: impulse responses begin at the direct sound, and have energy 1",
)
MEMORY_LEARNS = "as the paper says: a recurrent layer that learns"
MEMORY_FIXED = "as the release does: a recurrent layer that stays as it was drawn"
WEIGHTED = "ours: objectness weighs {:g} times what it does in the paper, and begins at what it is for an empty cell"
SHARED = "ours: frames of one visit share the page, its shift and its altered sound; more of them at onsets"
TAUGHT = "ours: begun with lessons in pitches; twice the paper's rate, and the last lesson goes on beside"
LESSONS = "ours: lessons in pitches, before any training; boxes and objectness are not learnt"


@dataclass(frozen=True)
class Training:
    """Everything that decides a training.

    Attributes:
        name: of the tracker it is for.
        data: name and hash of the dataset.
        plan: of detection, or the syllabus of lessons.
        start: sha256 of the weights that it begins with, if any.
        rooms: sha256 of the impulse responses, if any.
        validate_every: steps from one validation to the next.
        precision: as Lightning has it: "32-true" or "bf16-mixed".
        demo: whether the weights are for demonstration only.
        devices: processes that share the batch.
        keep_every: steps after which the training is kept between validations, too.
    """

    name: str
    data: dict[str, str]
    settings: Settings
    plan: Plan | Syllabus
    recipe: Recipe
    validate_every: int
    start: str | None = None
    rooms: str | None = None
    precision: str = "bf16-mixed"
    demo: bool = False
    devices: int = 1
    keep_every: int = 100

    def fingerprint(self) -> str:
        """sha256 over what decides the weights: a checkpoint of another training is not gone on from."""
        decides = (asdict(part) for part in (self.settings, self.plan, self.recipe))
        return fingerprint(self.name, self.data, *decides, self.validate_every, self.start, self.rooms)

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
    responses: Sequence[torch.Tensor],
    out: Path,
    device: str,
    resume: bool = False,
    start: Path | None = None,
) -> Path:
    """Train, validate, and write weights with their card into ``out``.

    Args:
        responses: impulse responses, for visits in rooms.
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
    begun = sha256_file(start) if start is not None else None
    training = replace(training, start=begun, rooms=rooms_hash(responses))
    course = Course(training.outline(), out, device, resume)
    lightning.seed_everything(training.recipe.seed, verbose=False)
    learner: Learner | CyoloPupil
    if isinstance(training.plan, Syllabus):
        learner, pitches = CyoloPupil(training.settings, training.plan, validation), [notes_of(page) for page in pages]
    else:
        learner, pitches = Learner(training.settings, training.plan, validation), []
    if start is not None:
        _begin_with(learner.network, start)
    rooms = [response.to(course.device) for response in responses]
    learner.visitor = Visitor(pages, rooms, Ear().to(course.device), training.recipe, pitches)
    weights = out / f"{training.name}.safetensors"
    if course.run(learner, len(validation)):
        card = card_of(training, _choices(training), course.curve.points, {"lightning": lightning.__version__})
        save_network(weights, learner.network, {"rooms": training.rooms, **card, **begun_with(start, begun)})
    return weights


def _choices(training: Training) -> tuple[str, ...]:
    """What was decided where the paper and the authors' release differ, or where we differ from both."""
    plan = training.plan
    said = [*ALWAYS, SHARED] if training.recipe.frames > 1 else [*ALWAYS]
    if isinstance(plan, Syllabus):
        return (*said, LESSONS)
    said.append(MEMORY_LEARNS if plan.train_memory else MEMORY_FIXED)
    if plan.objectness_weight != 1:
        said.append(WEIGHTED.format(plan.objectness_weight))
    if plan.meeting_weight:
        said.append(TAUGHT)
    return tuple(said)


def _begin_with(network: Cyolo, start: Path) -> None:
    found = load_network(start)
    if found.settings != network.settings:
        raise UsageError(f"{start}: weights of another network; begin with those of a training of CYOLO")
    network.load_state_dict(found.state_dict())
