"""`scorebench train cyolo`, `cyolo-ir`, and what comes before and beside them."""

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
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
VISITS = 32
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
    return _train(request, Recipe(rooms=False), partial(_plan, train_memory=False))


def train_cyolo_paper(request: TrainingRequest) -> Path:
    """Train CYOLO with the paper's objective and batches: each frame by itself, all alike, objectness weighing 1."""
    return _train(request, Recipe(frames=1, onset_share=0.0, rooms=False), _as_the_paper)


def train_cyolo_ir_paper(request: TrainingRequest) -> Path:
    """The same for CYOLO-IR."""
    return _train(request, Recipe(frames=1, onset_share=0.0, rooms=True), _as_the_paper)


def train_lessons(request: TrainingRequest) -> Path:
    """Teach a CYOLO its pitches, to be trained further; in rooms where there are impulse responses."""
    as_long = replace(request, steps=lesson_steps(request))
    return _train(as_long, Recipe(rooms=request.responses is not None), _lessons)


def _plan(steps: int, visits: int, taught: bool, train_memory: bool = True) -> Plan:
    """Weights that were taught learn twice as fast as the paper's, and go on with the last lesson."""
    if not taught:
        return Plan(steps, visits, train_memory)
    return Plan(steps, visits, train_memory, rate=TAUGHT_RATE, meeting_weight=MEETING_WEIGHT)


def _as_the_paper(steps: int, visits: int, taught: bool) -> Plan:  # noqa: ARG001 - it is the same after lessons
    return Plan(steps, visits, objectness_weight=1.0, empty_bias=0.0)


def _lessons(steps: int, visits: int, taught: bool) -> Syllabus:  # noqa: ARG001
    return Syllabus(steps, visits)


def _train(
    request: TrainingRequest, usual: Recipe, plan_of: Callable[[int, int, bool], Plan | Syllabus] = _plan
) -> Path:
    """``usual``: the recipe, unless the request says otherwise; ``plan_of``: from steps, visits and whether taught."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    data = data_called(request.dataset)
    recipe = replace(usual, frames=request.frames or usual.frames, seed=request.seed)
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
        plan=plan_of(steps, visits, request.start is not None),
        recipe=recipe,
        validate_every=max(1, steps // VALIDATIONS),
        precision=precision_for(request, device),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, responses, request.out, str(device), request.resume, request.start)
