"""Checkpoints: where a training is, and its best weights. Tensors, numbers and words alone; nothing that is code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scorebench.errors import DataError, UsageError
from scorebench.files import write_atomic
from scorebench.learning.course import BEST, LAST, read_kept


@dataclass(frozen=True)
class Kept:
    """Where a training is.

    Attributes:
        done: updates so far.
        weights: of the network; ``optimizer``: its state, of who did the last update.
        games: where its games are (``Learner.state``).
        curve: what validations found.
    """

    done: int
    weights: Mapping[str, Tensor]
    optimizer: dict[str, Any]
    games: list[list[int]]
    curve: list[dict[str, float]]


class Keeper:
    """Keeps the checkpoints in a folder.

    Attributes:
        kept: what was there to go on from, if it was asked for.

    Raises:
        UsageError: the folder holds another training, or one that was not to be resumed.
        DataError: the checkpoint cannot be read.
    """

    def __init__(self, out: Path, fingerprint: str, resume: bool) -> None:
        self._last, self._best, self._fingerprint = out / LAST, out / BEST, fingerprint
        self.kept = self._read(resume) if self._last.exists() else None

    def _read(self, resume: bool) -> Kept:
        if not resume:
            raise UsageError(f"{self._last}: a training was begun here; pass --resume to go on, or another --out")
        content = read_kept(self._last)
        if content.get("scorebench") != self._fingerprint:
            raise UsageError(
                f"{self._last}: of another training (other data, schedule or settings): begin anew in another --out"
            )
        try:
            return Kept(*(content[name] for name in ("done", "state_dict", "optimizer", "games", "curve")))
        except KeyError as error:
            raise DataError(f"{self._last}: {error} is missing; delete it and train again") from error

    def keep(self, kept: Kept) -> None:
        """Keep where the training is."""
        content = {
            "scorebench": self._fingerprint,
            "done": kept.done,
            "state_dict": dict(kept.weights),
            "optimizer": kept.optimizer,
            "games": kept.games,
            "curve": kept.curve,
        }
        write_atomic(self._last, lambda path: torch.save(content, path))

    def keep_best(self, weights: Mapping[str, Tensor]) -> None:
        """Keep weights that are better than those before."""
        write_atomic(self._best, lambda path: torch.save({"state_dict": dict(weights)}, path))

    def best(self) -> Mapping[str, Tensor]:
        """The best weights so far."""
        tensors: Mapping[str, Tensor] = read_kept(self._best)["state_dict"]
        return tensors
