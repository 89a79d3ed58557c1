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
from scorebench.learning.request import data_called, demand_no_start, facts_of, precision_for, read_pages
from scorebench.training import TrainingRequest

EPOCHS = 100
VISITS, FRAMES = 4, 16
LEAST_VALIDATIONS = 20
"""Of a whole training; as many as it has epochs, where those are more."""


def train_cunet(request: TrainingRequest) -> Path:
    """Train CUNet with the encoder CB and the LSTM."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    device = device_called(request.device)
    demand_no_start(request)
    data = data_called(request.dataset)
    pages, validation = read_pages(data, "train", page_of), read_pages(data, "valid", page_of)
    facts = facts_of(data, pages)
    recipe = Recipe(request.frames or FRAMES, request.seed)
    visits = request.visits or VISITS
    steps_an_epoch = int(facts["frames"]) / (visits * recipe.frames)
    steps = request.steps or math.ceil((request.epochs or EPOCHS) * steps_an_epoch)
    validations = max(LEAST_VALIDATIONS, round(steps / steps_an_epoch))
    training = Training(
        name=request.name,
        data=facts,
        design=Design(),
        plan=Plan(steps, visits, max(1, steps // validations)),
        recipe=recipe,
        precision=precision_for(request),
        demo=request.demo,
        devices=request.devices,
    )
    return train(training, pages, validation, request.out, device.type, request.resume)
