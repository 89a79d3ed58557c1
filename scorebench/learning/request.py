"""From what the user asked for to what a training needs."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from scorebench.dataset import Dataset, open_dataset
from scorebench.errors import UsageError
from scorebench.learning.lessons import STEPS as LESSON_STEPS
from scorebench.learning.pages import PageMaker, TrainingPage, training_pages
from scorebench.pack import Pack
from scorebench.progress import progress_bar
from scorebench.responses import spread_responses
from scorebench.store import StoreDataset
from scorebench.training import TrainingRequest


def demand_no_start(request: TrainingRequest) -> None:
    """For trainings that always begin with weights as they are drawn. UsageError where others were named."""
    if request.start is not None:
        raise UsageError(f"{request.name} does not begin with the weights of another training; leave out --from")


def lesson_steps(request: TrainingRequest) -> int:
    """Length of lessons. UsageError where it is given in epochs."""
    if request.epochs is not None:
        raise UsageError(f"{request.name} is as long as --steps says; leave out --epochs")
    return request.steps or LESSON_STEPS


def data_called(name: str) -> Dataset:
    """The dataset or pack to train on.

    Raises:
        UsageError: there is none, or it has no splits to train on.
        DataError: it cannot be read.
    """
    data: Dataset = Pack(Path(name)) if Path(name).is_file() else open_dataset(name)
    missing = {"train", "valid"} - set(data.splits())
    if missing:
        raise UsageError(f"{data.name} has no split {' and '.join(sorted(missing))} to train on; msmd-rebuild has both")
    return data


def read_pages(data: Dataset, split: str, make: PageMaker) -> list[TrainingPage]:
    """All pages of ``split``, with a progress bar."""
    with progress_bar() as bar:
        task = bar.add_task(f"reading {split}", total=len(data.pieces(split)))
        return training_pages(data, split, make, lambda: bar.advance(task))


def facts_of(data: Dataset, pages: list[TrainingPage]) -> dict[str, str]:
    """What a card says of the data."""
    frames = sum(page.frames for page in pages)
    return {"name": data.name, "hash": data.hash, "pages": str(len(pages)), "frames": str(frames)}


def rooms_for(request: TrainingRequest, data: Dataset) -> list[torch.Tensor]:
    """Impulse responses in the order of their names.

    Raises:
        UsageError: there are none.
    """
    rooms = rooms_known(request, data)
    if not rooms:
        raise UsageError(f"{request.name} is trained in rooms: --responses DIR with impulse responses (wav, flac)")
    return rooms


def rooms_known(request: TrainingRequest, data: Dataset) -> list[torch.Tensor]:
    """Impulse responses that were asked for, or that ``data`` brings, in the order of their names; maybe none."""
    found: dict[str, NDArray[np.float32]] = {}
    if request.responses is not None:
        found = spread_responses(request.responses)
    elif isinstance(data, StoreDataset) and data.rooms.is_dir():
        found = spread_responses(data.rooms)
    elif isinstance(data, Pack):
        found = data.responses
    return [torch.from_numpy(found[name]) for name in sorted(found)]


def precision_for(request: TrainingRequest, device: torch.device) -> str:
    """Of the arithmetic: what was asked for, or else half precision where ``device`` is faster with it.

    A GPU is, and a CPU with AVX-512 (twice and more); one without is several times slower.
    """
    fast = device.type != "cpu" or torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return request.precision or ("bf16-mixed" if fast else "32-true")
