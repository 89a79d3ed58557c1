"""`scorebench train cyolo` and `scorebench train cyolo-ir`."""

import logging
import math
from pathlib import Path

import torch

from cyolo.checkpoint import device_called
from cyolo.network import Settings
from cyolo.training.learner import Plan
from cyolo.training.loop import Training, train
from cyolo.training.material import TrainingPage, training_pages
from cyolo.training.visits import Recipe
from scorebench.dataset import Dataset, open_dataset
from scorebench.errors import UsageError
from scorebench.pack import Pack
from scorebench.progress import progress_bar
from scorebench.responses import spread_responses
from scorebench.training import TrainingRequest

EPOCHS = 50
VISITS, FRAMES = 32, 32
VALIDATIONS = 50
"""Of a whole training."""


def train_cyolo(request: TrainingRequest) -> Path:
    """Train CYOLO, on synthetic sound alone."""
    return _train(request, Recipe(rooms=False))


def train_cyolo_ir(request: TrainingRequest) -> Path:
    """Train CYOLO-IR: half of the visits are heard in a room."""
    return _train(request, Recipe(rooms=True))


def train_cyolo_fixed_memory(request: TrainingRequest) -> Path:
    """Train CYOLO-IR with a recurrent layer that stays as it was drawn, as in the authors' release: an ablation."""
    return _train(request, Recipe(rooms=True), train_memory=False)


def _train(request: TrainingRequest, rooms: Recipe, train_memory: bool = True) -> Path:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    data = _data(request.dataset)
    recipe = Recipe(request.frames or FRAMES, rooms.onset_share, rooms.rooms, request.seed)
    responses = _responses(request, data) if recipe.rooms else []
    pages, validation = _pages(data, "train"), _pages(data, "valid")
    visits = request.visits or VISITS
    frames_a_step = visits * recipe.frames
    frames = sum(page.frames for page in pages)
    steps = request.steps or math.ceil((request.epochs or EPOCHS) * frames / frames_a_step)
    training = Training(
        name=request.name,
        data={"name": data.name, "hash": data.hash, "pages": str(len(pages)), "frames": str(frames)},
        settings=Settings(audio_activation="elu"),
        plan=Plan(steps, visits, train_memory),
        recipe=recipe,
        validate_every=max(1, steps // VALIDATIONS),
        precision=request.precision or ("bf16-mixed" if device.type == "cuda" else "32-true"),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, responses, request.out, device.type, request.resume)


def _data(name: str) -> "Dataset | Pack":
    data = Pack(Path(name)) if Path(name).is_file() else open_dataset(name)
    missing = {"train", "valid"} - set(data.splits())
    if missing:
        raise UsageError(f"{data.name} has no split {' and '.join(sorted(missing))} to train on; msmd-rebuild has both")
    return data


def _pages(data: "Dataset | Pack", split: str) -> list[TrainingPage]:
    with progress_bar() as bar:
        task = bar.add_task(f"reading {split}", total=len(data.pieces(split)))
        return training_pages(data, split, lambda: bar.advance(task))


def _responses(request: TrainingRequest, data: "Dataset | Pack") -> list[torch.Tensor]:
    """Impulse responses in the order of their names."""
    if request.responses is not None:
        found = spread_responses(request.responses)
    elif isinstance(data, Pack) and data.responses:
        found = data.responses
    else:
        raise UsageError(f"{request.name} is trained in rooms: --responses DIR with impulse responses (wav, flac)")
    return [torch.from_numpy(found[name]) for name in sorted(found)]
