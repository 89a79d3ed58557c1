"""`scorebench train cunet`."""

import logging
import math
from pathlib import Path

from baselines.cunet.network import Design
from baselines.cunet.training.learner import Plan
from baselines.cunet.training.loop import Training, train
from baselines.cunet.training.material import page_of
from baselines.cunet.training.passages import Recipe
from scorebench.device import device_called
from scorebench.learning.lessons import Syllabus
from scorebench.learning.request import data_called, demand_no_start, facts_of, lesson_steps, precision_for, read_pages
from scorebench.training import TrainingRequest

EPOCHS = 100
VISITS, FRAMES = 4, 16
TAUGHT_EVERY = 8
"""After lessons a passage is so many times as long, and one frame in so many is looked for in the page."""
LEAST_VALIDATIONS, OF_TAUGHT = 20, 6
"""Of lessons and of a whole training, and of one after lessons, whose rate does not follow from them; or as many as it
has epochs."""


def train_cunet(request: TrainingRequest) -> Path:
    """Train CUNet with the encoder CB and the LSTM."""
    return _train(request)


def train_lessons(request: TrainingRequest) -> Path:
    """Teach CUNet the keys of the piano before it is trained."""
    demand_no_start(request)
    return _train(request, lessons=True)


def _train(request: TrainingRequest, lessons: bool = False) -> Path:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    steps = lesson_steps(request) if lessons else request.steps
    data = data_called(request.dataset)
    pages, validation = read_pages(data, "train", page_of), read_pages(data, "valid", page_of)
    facts = facts_of(data, pages)
    taught = request.start is not None
    every = TAUGHT_EVERY if taught else 1
    recipe = Recipe((request.frames or FRAMES) * every, every, request.seed)
    visits = request.visits or VISITS
    steps_an_epoch = int(facts["frames"]) / (visits * recipe.frames)
    steps = steps or math.ceil((request.epochs or EPOCHS) * steps_an_epoch)
    least = OF_TAUGHT if taught else LEAST_VALIDATIONS
    validations = least if lessons else max(least, round(steps / steps_an_epoch))
    training = Training(
        name=request.name,
        data=facts,
        design=Design(),
        plan=Syllabus(steps, visits) if lessons else Plan(steps, visits, taught=taught),
        recipe=recipe,
        validate_every=max(1, steps // validations),
        precision=precision_for(request, device),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, request.out, str(device), request.resume, request.start)
