"""A dataset whose splits are splits of other datasets: Table II's layout from parts that can be built apart."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from scorebench.dataset import Dataset
from scorebench.errors import UsageError
from scorebench.score import Recording


class CompositeDataset:
    """Splits taken from other datasets.

    Attributes:
        name: what tables call it.
        facts: its card, as ``definition``.
        titles: what tables call its splits.
    """

    def __init__(self, card: Mapping[str, Any], open_part: Callable[[str], Dataset]) -> None:
        """Open the datasets that ``card`` names.

        Args:
            card: has name and conditions; each condition names a dataset, a split of it and a title.
            open_part: gives a dataset by its name.

        Raises:
            UsageError: a part is not built yet.
        """
        self.name: str = card["name"]
        self.facts = {"definition": dict(card), "version": card["version"]}
        self._conditions: dict[str, dict[str, str]] = card["conditions"]
        self.titles = {split: about["title"] for split, about in self._conditions.items()}
        self._parts = {name: open_part(name) for name in {about["dataset"] for about in self._conditions.values()}}

    @cached_property
    def hash(self) -> str:
        """sha256 over the hashes of the splits it takes; what else its parts hold does not count."""
        taken = {split: self._hash_of(about["dataset"], about["split"]) for split, about in self._conditions.items()}
        return hashlib.sha256(json.dumps(taken, sort_keys=True).encode()).hexdigest()

    def _hash_of(self, dataset: str, split: str) -> list[str]:
        part = self._parts[dataset]
        of_split = getattr(part, "split_hash", None)
        return [dataset, split, of_split(split) if of_split else part.hash]

    def splits(self) -> Sequence[str]:
        """Names of the splits, in the card's order."""
        return tuple(self._conditions)

    def _part(self, split: str) -> tuple[Dataset, str]:
        if split not in self._conditions:
            raise UsageError(f"{self.name} has no split {split!r}; it has {', '.join(self.splits())}")
        about = self._conditions[split]
        return self._parts[about["dataset"]], about["split"]

    def pieces(self, split: str) -> Sequence[str]:
        """Names of the pieces of ``split``, sorted. UsageError for an unknown split."""
        part, name = self._part(split)
        return part.pieces(name)

    def load(self, split: str, piece: str) -> Recording:
        """One piece in the condition of ``split``."""
        part, name = self._part(split)
        return part.load(name, piece)
