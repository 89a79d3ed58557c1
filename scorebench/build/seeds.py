"""Random numbers that are the same in every process, on every day, for the same seed and name."""

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for ``seed`` and ``names``, as (piece, purpose): adding a draw in one changes no other.

    Python's ``hash`` is salted in every process; sha256 is not.
    """
    text = "\x1f".join((str(seed), *names))
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(text.encode()).digest())))
