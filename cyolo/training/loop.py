"""A training from its beginning, or from where it was killed, to weights with their card."""

import hashlib
import json
import pickle
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, IterableDataset

from cyolo.checkpoint import save_network
from cyolo.network import Settings
from cyolo.training.hearing import Ear
from cyolo.training.learner import Learner, Plan
from cyolo.training.material import TrainingPage
from cyolo.training.visits import Recipe, Visitor
from scorebench import __version__
from scorebench.errors import DataError, UsageError
from scorebench.files import write_json
from scorebench.manifest import git_state

CHOICES = (
    "as the paper says: ELU in the audio encoder, a recurrent layer that learns, decay on weights only, forget bias 1",
    "as the release does: filterbank spaced by sr / 2050; a memory of whole chunks since the page was opened",
    "ours: frames of one visit share the page, its shift and its altered sound; more of them at onsets",
)
"""Where the paper and the authors' release differ, and where this training differs from both."""

LAST = "last.ckpt"
BEST = "best.ckpt"


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
        decides = (self.name, self.data, asdict(self.settings), asdict(self.plan), asdict(self.recipe))
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


class Numbers(IterableDataset[list[int]]):
    """The numbers of the visits of each step, of this process: they depend on the step alone."""

    def __init__(self, learner: Learner, plan: Plan) -> None:
        self._learner, self._plan = learner, plan

    def __iter__(self) -> Iterator[list[int]]:
        trainer = self._learner.trainer
        share = self._plan.visits // trainer.world_size
        for step in range(self._learner.global_step, self._plan.steps):
            first = step * self._plan.visits + trainer.global_rank * share
            yield list(range(first, first + share))


class Keeper(Checkpoint):
    """Keeps where the training is after each validation, with its fingerprint.

    It stands behind the keeper of the best weights, whose state is part of what it keeps.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Called by Lightning."""
        trainer.save_checkpoint(self._path)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by Lightning."""
        checkpoint["scorebench"] = self._fingerprint


def _kept(path: Path, training: Training, resume: bool) -> Path | None:
    """The checkpoint to go on from, if any."""
    if not path.exists():
        return None
    if not resume:
        raise UsageError(f"{path}: a training was begun here; pass --resume to go on, or choose another --out")
    if _read(path).get("scorebench") != training.fingerprint():
        raise UsageError(f"{path}: of another training (other data, schedule or settings): begin anew in another --out")
    return path


def _read(path: Path) -> dict[str, Any]:
    """A checkpoint that this module kept. DataError where it cannot be read."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        content["state_dict"]
    except (OSError, EOFError, KeyError, TypeError, RuntimeError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: no checkpoint that can be read ({reason}); delete it and train again") from error
    return content


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
        DataError: a checkpoint cannot be read.
    """
    if training.plan.visits % training.devices:
        raise UsageError(f"{training.plan.visits} visits cannot be shared by {training.devices} devices")
    lightning.seed_everything(training.recipe.seed, verbose=False)
    learner = Learner(training.settings, training.plan, validation)
    trainer = _trainer(training, out, device)
    kept = _kept(out / LAST, training, resume)
    where = trainer.strategy.root_device
    rooms = [response.to(where) for response in responses]
    learner.visitor = Visitor(pages, rooms, Ear().to(where), training.recipe)
    train_loader = DataLoader(Numbers(learner, training.plan), batch_size=None)
    valid_loader: DataLoader[int] = DataLoader(range(len(validation)), batch_size=None)  # type: ignore[arg-type]
    try:
        trainer.fit(learner, train_loader, valid_loader, ckpt_path=kept, weights_only=True)
    except torch.cuda.OutOfMemoryError as error:
        raise DataError(
            f"the GPU has too little memory for {training.plan.visits} visits of {training.recipe.frames} frames: "
            "make --visits smaller"
        ) from error
    return _finish(training, learner, out) if trainer.is_global_zero else out / f"{training.name}.safetensors"


def _give_eyes_and_ears(
    learner: Learner,
    trainer: lightning.Trainer,
    pages: Sequence[TrainingPage],
    responses: Sequence[torch.Tensor],
    recipe: Recipe,
) -> None:
    device = trainer.strategy.root_device
    ear = Ear().to(device)
    learner.visitor = Visitor(pages, [response.to(device) for response in responses], ear, recipe)


def _trainer(training: Training, out: Path, device: str) -> lightning.Trainer:
    every = training.validate_every
    best = ModelCheckpoint(out, "best", monitor="valid_loss", save_weights_only=True, enable_version_counter=False)
    return lightning.Trainer(
        accelerator="gpu" if device.startswith("cuda") else "cpu",
        devices=training.devices,
        strategy="ddp" if training.devices > 1 else "auto",
        precision=training.precision,  # type: ignore[arg-type]
        max_steps=training.plan.steps,
        val_check_interval=every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=min(20, every),
        use_distributed_sampler=False,
        callbacks=[best, Keeper(out / LAST, training.fingerprint())],
        logger=TensorBoardLogger(out, "", "tensorboard"),
        enable_model_summary=False,
    )


def _finish(training: Training, learner: Learner, out: Path) -> Path:
    """The best weights and their card, beside the checkpoints."""
    learner.load_state_dict(_read(out / BEST)["state_dict"])
    card = {
        "name": training.name,
        "demo": training.demo,
        "data": training.data,
        "plan": asdict(training.plan),
        "recipe": asdict(training.recipe),
        "precision": training.precision,
        "command": shlex.join(["scorebench", *sys.argv[1:]]),
        "versions": {"scorebench": __version__, "torch": torch.__version__, "lightning": lightning.__version__},
        "git": git_state(),
        "curve": learner.curve,
        "choices": CHOICES,
    }
    weights = out / f"{training.name}.safetensors"
    save_network(weights, learner.network, card)
    write_json(weights.with_suffix(".card.json"), card)
    return weights
