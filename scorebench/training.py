"""Training a tracker by name. Who can be trained is found like trackers are: entry points ``scorebench.trainers``."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from scorebench.errors import TrackerError, UsageError

GROUP = "scorebench.trainers"


@dataclass(frozen=True)
class TrainingRequest:
    """What the user asked for. None stands for the trainer's own choice.

    Attributes:
        name: of the tracker.
        dataset: name or folder of a dataset with splits ``train`` and ``valid``, or a pack.
        out: folder for checkpoints, curve and weights.
        device: "cpu", "cuda", or "auto".
        devices: processes that share each batch.
        resume: go on from what ``out`` holds.
        epochs: length of the training, in passes over all frames; ``steps`` says it in steps instead.
        visits: pages in a batch; ``frames`` of each.
        responses: folder of impulse responses, for those that train in rooms; by default those of the dataset.
        start: weights to begin with, for those that can.
        demo: mark the weights as a demonstration: trained too briefly to stand for the method.
    """

    name: str
    dataset: str
    out: Path
    device: str = "auto"
    devices: int = 1
    resume: bool = False
    epochs: float | None = None
    steps: int | None = None
    visits: int | None = None
    frames: int | None = None
    seed: int = 0
    precision: str | None = None
    responses: Path | None = None
    start: Path | None = None
    demo: bool = False


Trainer = Callable[[TrainingRequest], Path]
"""Trains, and gives the file with the weights."""


def trainers() -> list[str]:
    """Names of the trackers that can be trained."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def find_trainer(name: str) -> Trainer:
    """What trains the tracker called ``name``.

    Raises:
        UsageError: nothing does.
        TrackerError: its module does not import.
    """
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        near = difflib.get_close_matches(name, trainers(), n=1)
        raise UsageError(
            f"no tracker {name!r} to train; {f'did you mean {near[0]}?' if near else ', '.join(trainers())}"
        )
    try:
        trainer: Trainer = found[0].load()
    except ImportError as error:
        raise TrackerError(f"{name} cannot be trained here: {error}; pip install 'scorebench[train]'") from error
    return trainer
