"""`scorebench train rl`, `rl-paper`, `rl-a2c` and `rl-reinforce`.

A step is an update of the network: `--visits` agents play `--frames` frames each (REINFORCE: a whole round each), or
as many situations are imitated.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from baselines.rl.rounds import Board, Round, practised
from baselines.rl.training.loop import Training, train
from baselines.rl.training.plan import Plan, Recipe
from baselines.strip.material import StripPage, strip_pages
from scorebench.dataset import Dataset
from scorebench.device import device_called
from scorebench.errors import UsageError
from scorebench.learning.request import data_called, demand_no_start, precision_for
from scorebench.progress import progress_bar
from scorebench.training import TrainingRequest

STEPS = 10_000
AGENTS, FRAMES = 8, 15
IMITATED = 0.6
VALIDATIONS = 20


def train_rl(request: TrainingRequest) -> Path:
    """Imitation, then PPO, with our network."""
    return _train(request, Recipe("ppo", "columns", IMITATED, practice=True, seed=request.seed))


def train_rl_paper(request: TrainingRequest) -> Path:
    """PPO from scratch, with the network of the paper."""
    return _train(request, Recipe("ppo", "tismir", 0.0, practice=False, seed=request.seed))


def train_rl_a2c(request: TrainingRequest) -> Path:
    """Imitation, then A2C, with our network."""
    return _train(request, Recipe("a2c", "columns", IMITATED, practice=True, seed=request.seed))


def train_rl_reinforce(request: TrainingRequest) -> Path:
    """Imitation, then REINFORCE with a baseline, with our network."""
    return _train(request, Recipe("reinforce", "columns", IMITATED, practice=True, seed=request.seed))


def _train(request: TrainingRequest, recipe: Recipe) -> Path:
    if request.devices > 1:
        raise UsageError(f"{request.name} is trained by one process: leave out --devices")
    device = device_called(request.device)
    demand_no_start(request)
    data = data_called(request.dataset)
    pages = _read(data, "train")
    validation = _validation([Board.of(page) for page in _read(data, "valid")])
    frames = sum(page.frames for page in pages)
    facts = {"name": data.name, "hash": data.hash, "pages": str(len(pages)), "frames": str(frames)}
    plan = plan_for(request, frames)
    training = Training(request.name, facts, plan, recipe, precision_for(request, device), request.demo)
    with progress_bar() as bar:
        task = bar.add_task(f"training {request.name}", total=plan.updates)
        boards = [Board.of(page) for page in pages]
        return train(
            training, boards, validation, request.out, device, request.resume, lambda n: bar.update(task, completed=n)
        )


def _validation(boards: Sequence[Board]) -> list[Round]:
    """Each page as it was recorded, and then in a performance, the same in every training."""
    performed = [practised(board, np.random.default_rng(number)) for number, board in enumerate(boards)]
    return [*(board.played() for board in boards), *performed]


def plan_for(request: TrainingRequest, frames: int) -> Plan:
    """How long and how large, for a dataset of so many frames."""
    agents, frames_each = request.visits or AGENTS, request.frames or FRAMES
    updates = request.steps or STEPS
    if request.epochs is not None:
        updates = math.ceil(request.epochs * frames / (agents * frames_each))
    return Plan(updates, agents, frames_each, max(1, updates // VALIDATIONS))


def _read(data: Dataset, split: str) -> list[StripPage]:
    with progress_bar() as bar:
        task = bar.add_task(f"reading {split}", total=len(data.pieces(split)))
        return strip_pages(data, split, lambda: bar.advance(task))
