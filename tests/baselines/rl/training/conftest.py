"""Small trainings."""

import pytest

torch = pytest.importorskip("torch")

from baselines.rl.training.loop import Training  # noqa: E402 - needs torch
from baselines.rl.training.plan import Plan, Recipe  # noqa: E402


def training(algorithm: str = "ppo", imitated: float = 0.5, updates: int = 8, **plan: int) -> Training:
    """Eight updates, as many imitate as play; validated after 3 and 6, kept after 2 and 4, too."""
    sizes = {"agents": 2, "frames": 6, "validate_every": 3, "keep_every": 2} | plan
    return Training(
        name="rl",
        data={"name": "sample", "hash": "0"},
        plan=Plan(updates, **sizes),
        recipe=Recipe(algorithm, "columns", imitated, practice=True),
        precision="32-true",
    )
