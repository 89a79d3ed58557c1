"""The card of weights: what they say of their training, inside their file and beside it."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from scorebench import __version__
from scorebench.files import write_json
from scorebench.manifest import git_state
from scorebench.weights import read_card, save_weights


class Trained(Protocol):
    """What decided a training."""

    @property
    def name(self) -> str:
        """Of the tracker it is for."""

    @property
    def demo(self) -> bool:
        """Whether the weights are for demonstration only."""

    @property
    def data(self) -> Mapping[str, str]:
        """Name and hash of the dataset."""

    @property
    def plan(self) -> Any:
        """How long and how large: a dataclass."""

    @property
    def recipe(self) -> Any:
        """What examples are made of: a dataclass."""

    @property
    def precision(self) -> str:
        """As Lightning has it."""


def card_of(
    training: Trained, choices: Sequence[str], curve: Sequence[Mapping[str, float]], versions: Mapping[str, str]
) -> dict[str, Any]:
    """The card of ``training``, in JSON's types.

    Args:
        choices: what was decided where the sources are silent or differ.
        curve: what each validation found.
        versions: of packages that matter, besides this one and torch.
    """
    return {
        "name": training.name,
        "demo": training.demo,
        "data": training.data,
        "plan": asdict(training.plan),
        "recipe": asdict(training.recipe),
        "choices": choices,
        "precision": training.precision,
        "command": shlex.join(["scorebench", *sys.argv[1:]]),
        "versions": {"scorebench": __version__, "torch": torch.__version__, **versions},
        "git": git_state(),
        "curve": curve,
    }


def begun_with(start: Path | None, sha256: str | None) -> dict[str, Any]:
    """What a card says of the weights that its training began with, if any, and of their sha256 when it began."""
    return {} if start is None else {"start": {"sha256": sha256, **read_card(start)}}


def save_trained(
    path: Path, tensors: Mapping[str, Tensor], card: Mapping[str, Any], metadata: Mapping[str, str]
) -> None:
    """Write weights as safetensors with ``metadata`` and their card, and the card beside them as NAME.card.json.

    Raises:
        ScorebenchError: a file cannot be written.
    """
    said = {"card": json.dumps(card, sort_keys=True, allow_nan=False), "demo": json.dumps(card.get("demo", False))}
    save_weights(path, tensors, {**said, **metadata})
    write_json(path.with_suffix(".card.json"), card)
