"""`scorebench train cyolo`, `cyolo-ir`, and what comes before and beside them."""

import logging
import math
from pathlib import Path

from cyolo.network import Settings
from cyolo.training.learner import Plan
from cyolo.training.loop import Training, train
from cyolo.training.material import page_of
from cyolo.training.visits import Recipe
from scorebench.device import device_called
from scorebench.learning.lessons import Syllabus
from scorebench.learning.request import data_called, facts_of, lesson_steps, precision_for, read_pages, rooms_for
from scorebench.training import TrainingRequest

EPOCHS = 50
VISITS, FRAMES = 32, 32
TAUGHT_RATE, MEETING_WEIGHT = 1e-3, 0.1
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


def train_lessons(request: TrainingRequest) -> Path:
    """Teach a CYOLO its pitches, to be trained further; in rooms where there are impulse responses."""
    return _train(request, Recipe(rooms=request.responses is not None), lessons=True)


def _train(request: TrainingRequest, rooms: Recipe, train_memory: bool = True, lessons: bool = False) -> Path:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    steps = lesson_steps(request) if lessons else request.steps
    data = data_called(request.dataset)
    recipe = Recipe(request.frames or FRAMES, rooms.onset_share, rooms.rooms, request.seed)
    responses = rooms_for(request, data) if recipe.rooms else []
    pages, validation = read_pages(data, "train", page_of), read_pages(data, "valid", page_of)
    visits = request.visits or VISITS
    frames_a_step = visits * recipe.frames
    facts = facts_of(data, pages)
    steps = steps or math.ceil((request.epochs or EPOCHS) * int(facts["frames"]) / frames_a_step)
    training = Training(
        name=request.name,
        data=facts,
        settings=Settings(audio_activation="elu"),
        plan=Syllabus(steps, visits)
        if lessons
        else _plan(steps, visits, train_memory, taught=request.start is not None),
        recipe=recipe,
        validate_every=max(1, steps // VALIDATIONS),
        precision=precision_for(request, device),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, responses, request.out, str(device), request.resume, request.start)


def _plan(steps: int, visits: int, train_memory: bool, taught: bool) -> Plan:
    """Weights that were taught learn twice as fast as the paper's, and go on with the last lesson."""
    if not taught:
        return Plan(steps, visits, train_memory)
    return Plan(steps, visits, train_memory, rate=TAUGHT_RATE, meeting_weight=MEETING_WEIGHT)
