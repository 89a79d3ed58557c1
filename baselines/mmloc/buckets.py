"""Places in a snippet as probabilities of 40 buckets, and back (Dorfer, Arzt & Widmer, ISMIR 2016, sections 2.2, 4).

A bucket is a fortieth of the snippet's width. Places are in buckets: 0 is the left edge of the snippet, 40 the right
one, and bucket ``b`` has its centre at ``b + 0.5``.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BUCKETS = 40


def soft_targets(place: Tensor) -> Tensor:
    """The probabilities that stand for a place: of the two buckets with the nearest centres, by linear interpolation.

    Args:
        place: (n,) float, in buckets. Beyond the centre of the first or last bucket it is that bucket's alone.

    Returns:
        (n, 40) float32; each row sums to 1, and its mean over the centres is the place.
    """
    centre = torch.arange(BUCKETS, device=place.device) + 0.5
    inside = place.double().clamp(0.5, BUCKETS - 0.5)
    return (1 - (inside[:, None] - centre).abs()).clamp(min=0).float()


def cross_entropy(logits: Tensor, place: Tensor) -> Tensor:
    """How far the soft-max of ``logits`` (n, 40) is from the soft targets of ``place`` (n,): a mean, ()."""
    return -(soft_targets(place) * logits.log_softmax(1)).sum(1).mean()


def places_of(probability: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the music is: the mean over the most likely bucket and its two neighbours, weighted by probability.

    Args:
        probability: (n, 40); the first bucket wins a tie.

    Returns:
        (n,) float64 the place, in buckets; and (n,) float64 the probability that the three have together.
    """
    p = np.asarray(probability, np.float64)
    best = p.argmax(1)
    near = np.abs(np.arange(BUCKETS) - best[:, None]) <= 1
    weight = np.where(near, p, 0)
    mass = weight.sum(1)
    return (weight * (np.arange(BUCKETS) + 0.5)).sum(1) / mass, np.minimum(mass, 1)
