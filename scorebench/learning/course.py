"""The course of a training: from its beginning, or from where it was killed, to weights with their card.

What is trained is a Lightning module whose ``training_step`` takes the numbers of the visits of a step, and whose
``validation_step`` logs ``valid_loss`` (least is best) and whatever else begins with ``valid``.
"""

import hashlib
import json
import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from torch import Tensor, distributed
from torch.utils.data import DataLoader, IterableDataset

from scorebench.errors import DataError, ScorebenchError, UsageError
from scorebench.learning.bar import Bar
from scorebench.learning.memory import keep_large_blocks

LAST = "last.ckpt"
BEST = "best.ckpt"


@dataclass(frozen=True)
class Outline:
    """What the course of a training depends on.

    Attributes:
        fingerprint: of all that decides the weights: a checkpoint of another training is not gone on from.
        steps: of the optimiser.
        visits: in a step, over all processes.
        validate_every: steps from one validation to the next.
        precision: as Lightning has it: "32-true" or "bf16-mixed".
        keep_every: steps after which the training is kept between validations, too.
        devices: processes that share a step.
        all_learn: whether each step reaches all weights.
    """

    fingerprint: str
    steps: int
    visits: int
    validate_every: int
    precision: str
    keep_every: int
    devices: int = 1
    all_learn: bool = True


def fingerprint(*decides: Any) -> str:
    """sha256 over what decides the weights (JSON): a checkpoint of another training is not gone on from."""
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def rooms_hash(responses: Sequence[NDArray[np.float32] | Tensor]) -> str | None:
    """sha256 over impulse responses (n,) of rooms; None where there are none."""
    digest = hashlib.sha256()
    for response in responses:
        digest.update(f"{len(response)} ".encode() + np.asarray(response, np.float32).tobytes())
    return digest.hexdigest() if responses else None


class Numbers(IterableDataset[list[int]]):
    """The numbers of the visits of each step, of this process: they depend on the step alone."""

    def __init__(self, trainer: lightning.Trainer, outline: Outline) -> None:
        self._trainer, self._outline = trainer, outline

    def __iter__(self) -> Iterator[list[int]]:
        visits = self._outline.visits
        share = visits // self._trainer.world_size
        for step in range(self._trainer.global_step, self._outline.steps):
            first = step * visits + self._trainer.global_rank * share
            yield list(range(first, first + share))


class Validations(IterableDataset[int]):
    """The numbers of the validations of this process; Lightning averages over those of all.

    Each process has to find something: where they are too few, each does them all.
    """

    def __init__(self, trainer: lightning.Trainer, count: int) -> None:
        self._trainer, self._count = trainer, count

    def __iter__(self) -> Iterator[int]:
        processes = self._trainer.world_size
        shared = self._count >= processes
        yield from range(self._trainer.global_rank, self._count, processes) if shared else range(self._count)


class Curve(Callback):
    """What each validation found, and at which step; goes with the checkpoint.

    Attributes:
        points: of the curve; the newest is there before the module's own ``on_validation_epoch_end``.
    """

    def __init__(self) -> None:
        self.points: list[dict[str, float]] = []

    def on_validation_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Called by Lightning."""
        said = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("valid")}
        self.points.append({"step": trainer.global_step, **said})

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by Lightning."""
        checkpoint["curve"] = self.points

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by Lightning."""
        self.points[:] = checkpoint["curve"]


class Keeper(Checkpoint):
    """Keeps the best weights, and where the training is, with its fingerprint: after validations, and between them.

    Which weights are the best follows from the curve, so that it is still known when the folder was moved.
    """

    def __init__(self, out: Path, outline: Outline, curve: Curve) -> None:
        self._path, self._best, self._outline, self._curve = out / LAST, out / BEST, outline, curve

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Called by Lightning."""
        *before, now = [point["valid_loss"] for point in self._curve.points]
        demand_finite(torch.tensor(now, device=pl_module.device), trainer.global_step)
        if all(now < loss for loss in before):
            trainer.save_checkpoint(self._best, weights_only=True)
        trainer.save_checkpoint(self._path)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Called by Lightning. A step that is validated is kept afterwards, so that no validation is left out."""
        every, step = self._outline.keep_every, trainer.global_step
        if step % every == 0 and step % self._outline.validate_every:
            trainer.save_checkpoint(self._path)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by Lightning."""
        checkpoint["scorebench"] = self._outline.fingerprint


class Course:
    """One training in a folder.

    Attributes:
        kept: the checkpoint that it goes on from, if any.
        device: where it computes, of this process.
        curve: what was found by validation.

    Args:
        out: folder for checkpoints and logs.
        device: "cpu", "cuda", or "cuda:1" and so on.
        resume: go on from what ``out`` holds.

    Raises:
        UsageError: the visits cannot be shared, or ``out`` holds another training, or one not to be resumed; there are
            too few GPUs.
        DataError: the checkpoint cannot be read.
    """

    def __init__(self, outline: Outline, out: Path, device: str, resume: bool) -> None:
        if outline.visits % outline.devices:
            raise UsageError(f"{outline.visits} visits cannot be shared by {outline.devices} devices")
        _demand_gpus(torch.device(device), outline.devices)
        keep_large_blocks()
        self._outline, self._out = outline, out
        self.kept = _kept(out, outline.fingerprint, resume)
        self.curve = Curve()
        self._trainer = _trainer(outline, self.curve, out, device)
        self.device = self._trainer.strategy.root_device

    def run(self, learner: lightning.LightningModule, validations: int) -> bool:
        """Train ``learner``, which then has its best weights by ``valid_loss``.

        Args:
            validations: how many ``validation_step`` are in a validation; numbered from 0.

        Returns:
            Whether this process is the one that writes the weights.

        Raises:
            DataError: the GPU has too little memory.
            ScorebenchError: what the learner raises.
        """
        train_loader = DataLoader(Numbers(self._trainer, self._outline), batch_size=None)
        valid_loader = DataLoader(Validations(self._trainer, validations), batch_size=None)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)  # of Lightning
                self._trainer.fit(learner, train_loader, valid_loader, ckpt_path=self.kept, weights_only=True)
        except torch.cuda.OutOfMemoryError as error:
            raise DataError(
                f"the GPU has too little memory for {self._outline.visits} visits: make --visits or --frames smaller, "
                "in another --out"
            ) from error
        if not self._trainer.is_global_zero:
            return False
        learner.load_state_dict(read_kept(self._out / BEST)["state_dict"])
        return True


def _demand_gpus(device: torch.device, count: int) -> None:
    """UsageError where there are not ``count`` devices to share a step."""
    if device.type != "cuda" or count == 1:
        return
    if device.index is not None:
        raise UsageError(f"{device} is one GPU: with --devices {count} say --device cuda")
    if count > torch.cuda.device_count():
        raise UsageError(f"there are {torch.cuda.device_count()} GPUs for --devices {count}")


def _kept(out: Path, fingerprint: str, resume: bool) -> Path | None:
    """The checkpoint to go on from, if any."""
    path = out / LAST
    if not path.exists():
        return None
    if not resume:
        raise UsageError(f"{path}: a training was begun here; pass --resume to go on, or choose another --out")
    content = read_kept(path)
    if content.get("scorebench") != fingerprint:
        raise UsageError(f"{path}: of another training (other data, schedule or settings): begin anew in another --out")
    if content.get("curve") and not (out / BEST).is_file():
        raise UsageError(f"{out / BEST}: is not there; copy it from where {LAST} is from")
    return path


def read_kept(path: Path) -> Mapping[str, Any]:
    """A checkpoint that a course kept. DataError where it cannot be read."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        content["state_dict"]
    except (OSError, EOFError, KeyError, TypeError, RuntimeError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: no checkpoint that can be read ({reason}); delete it and train again") from error
    return content


def _trainer(outline: Outline, curve: Curve, out: Path, device: str) -> lightning.Trainer:
    every = outline.validate_every
    index = torch.device(device).index
    shared = "ddp" if outline.all_learn else "ddp_find_unused_parameters_true"
    return lightning.Trainer(
        accelerator="gpu" if device.startswith("cuda") else "cpu",
        devices=outline.devices if index is None else [index],
        strategy=shared if outline.devices > 1 else "auto",
        precision=outline.precision,  # type: ignore[arg-type]
        max_steps=outline.steps,
        val_check_interval=every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=min(20, every),
        use_distributed_sampler=False,
        callbacks=[curve, Keeper(out, outline, curve), Bar(outline.steps)],
        enable_progress_bar=False,
        logger=TensorBoardLogger(out, "", "tensorboard"),
        enable_model_summary=False,
    )


def demand_finite(loss: Tensor, step: int) -> None:
    """ScorebenchError in all processes where ``loss``, the (), of ``step`` is no number in any: none waits for it."""
    total = loss.detach().clone()
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(total)
    if not torch.isfinite(total):
        raise ScorebenchError(
            f"the loss is {total.item()} at step {step}: stopped before it spoils the weights; "
            "go on from the last checkpoint with --resume, and --precision 32-true if it was not"
        )
