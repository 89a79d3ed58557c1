"""`scorebench train cyolo` and `scorebench train cyolo-ir`."""

import logging
import math
from pathlib import Path

from cyolo.network import Settings
from cyolo.training.learner import Plan
from cyolo.training.loop import Training, train
from cyolo.training.material import page_of
from cyolo.training.visits import Recipe
from scorebench.device import device_called
from scorebench.learning.request import data_called, facts_of, precision_for, read_pages, rooms_for
from scorebench.training import TrainingRequest

EPOCHS = 50
VISITS, FRAMES = 32, 32
VALIDATIONS = 25
"""Of a whole training."""


def train_cyolo(request: TrainingRequest) -> Path:
    """Train CYOLO, on synthetic sound alone."""
    return _train(request, Recipe(rooms=False))


def train_cyolo_ir(request: TrainingRequest) -> Path:
    """Train CYOLO-IR: half of the visits are heard in a room."""
    return _train(request, Recipe(rooms=True))


def train_cyolo_fixed_memory(request: TrainingRequest) -> Path:
    """Train CYOLO with a recurrent layer that stays as it was drawn, as in the authors' release: an ablation."""
    return _train(request, Recipe(rooms=False), train_memory=False)


def _train(request: TrainingRequest, rooms: Recipe, train_memory: bool = True) -> Path:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    data = data_called(request.dataset)
    recipe = Recipe(request.frames or FRAMES, rooms.onset_share, rooms.rooms, request.seed)
    responses = rooms_for(request, data) if recipe.rooms else []
    pages, validation = read_pages(data, "train", page_of), read_pages(data, "valid", page_of)
    visits = request.visits or VISITS
    frames_a_step = visits * recipe.frames
    facts = facts_of(data, pages)
    steps = request.steps or math.ceil((request.epochs or EPOCHS) * int(facts["frames"]) / frames_a_step)
    training = Training(
        name=request.name,
        data=facts,
        settings=Settings(audio_activation="elu"),
        plan=Plan(steps, visits, train_memory),
        recipe=recipe,
        validate_every=max(1, steps // VALIDATIONS),
        precision=precision_for(request),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, responses, request.out, device.type, request.resume)
