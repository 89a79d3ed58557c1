"""`scorebench train mm-loc`."""

import logging
import math
from pathlib import Path

from baselines.mmloc.network import Design
from baselines.mmloc.training.learner import Plan
from baselines.mmloc.training.loop import Training, train
from baselines.mmloc.training.samples import Recipe
from baselines.strip.material import StripPage, strip_pages
from scorebench.dataset import Dataset
from scorebench.device import device_called
from scorebench.learning.request import data_called, demand_no_start, precision_for, rooms_known
from scorebench.progress import progress_bar
from scorebench.training import TrainingRequest

EPOCHS = 10
VISITS, FRAMES = 32, 4
VALIDATIONS = 15
"""Of a whole training."""


def train_mm_loc(request: TrainingRequest) -> Path:
    """Train MM-Loc: a batch is ``visits`` snippets with ``frames`` moments each; half in rooms if there are any."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    demand_no_start(request)
    data = data_called(request.dataset)
    responses = [response.numpy() for response in rooms_known(request, data)]
    pages, validation = _read(data, "train"), _read(data, "valid")
    recipe = Recipe(request.frames or FRAMES, rooms=bool(responses), seed=request.seed)
    visits = request.visits or VISITS
    frames = sum(page.frames for page in pages)
    steps = request.steps or math.ceil((request.epochs or EPOCHS) * frames / (visits * recipe.frames))
    training = Training(
        name=request.name,
        data={"name": data.name, "hash": data.hash, "pages": str(len(pages)), "frames": str(frames)},
        design=Design(),
        plan=Plan(steps, visits, max(1, steps // VALIDATIONS)),
        recipe=recipe,
        precision=precision_for(request, device),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, responses, request.out, str(device), request.resume)


def _read(data: Dataset, split: str) -> list[StripPage]:
    """All pages of ``split``, with a progress bar."""
    with progress_bar() as bar:
        task = bar.add_task(f"reading {split}", total=len(data.pieces(split)))
        return strip_pages(data, split, lambda: bar.advance(task))
