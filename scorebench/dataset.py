"""What a dataset offers, and how a name or a folder becomes one."""

from collections.abc import Sequence
from typing import Protocol

from scorebench.score import Recording

CONDITIONS = ("full", "subset-synthetic", "subset-performance", "subset-direct", "subset-room")
"""The five sections of Table II, in its order."""


class Dataset(Protocol):
    """Pages and sounds, by split.

    Attributes:
        name: what tables call it.
        hash: sha256 (hex) over everything it holds; results of two hashes are never mixed.
    """

    name: str
    hash: str

    def splits(self) -> Sequence[str]:
        """Names of the splits, Table II's first and in its order."""
        ...

    def pieces(self, split: str) -> Sequence[str]:
        """Names of the pieces of ``split``, sorted. UsageError for an unknown split."""
        ...

    def load(self, split: str, piece: str) -> Recording:
        """One piece in the condition of ``split``. Reads images and tables, not yet the sound."""
        ...
