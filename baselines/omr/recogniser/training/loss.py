"""How far an answer of the network is from what it should say."""

import torch
from torch import Tensor
from torch.nn import functional

from baselines.omr.recogniser.network import Answer
from baselines.omr.recogniser.symbols import PROPERTIES, STROKES

RARITY = {"stem": 2.0, "beam": 1.0, "bar-line": 2.0, "tie": 6.0, "slur": 3.0, "ottava": 6.0}
"""How much more a cell of a stroke weighs than one of paper."""

STROKE_WEIGHT, PROPERTY_WEIGHT, OFFSET_WEIGHT = 8.0, 1.0, 0.3


def loss(answer: Answer, kinds: Tensor, strokes: Tensor, properties: Tensor, offsets: Tensor) -> dict[str, Tensor]:
    """The parts of the loss by name; their sum is what is minimised.

    Args:
        kinds, strokes, properties, offsets: as in ``targets.Crop``, with a batch before.
    """
    parts = {"kinds": focal(answer.kinds, kinds)}
    rare = torch.tensor([RARITY[kind] for kind in STROKES])[:, None, None]
    crossed = functional.binary_cross_entropy_with_logits(answer.strokes, strokes, pos_weight=rare)
    parts["strokes"] = STROKE_WEIGHT * crossed
    for number, name in enumerate(PROPERTIES):
        wanted = properties[:, number]
        if bool((wanted >= 0).any()):
            parts[name] = PROPERTY_WEIGHT * functional.cross_entropy(answer.properties[name], wanted, ignore_index=-1)
    known = ~offsets.isnan()
    if bool(known.any()):
        parts["offsets"] = OFFSET_WEIGHT * functional.smooth_l1_loss(answer.offsets[known], offsets[known])
    return parts


def focal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Of marks at points: X. Zhou et al., Objects as points, 2019, equation 1 (alpha 2, beta 4), a symbol.

    Nearly all cells are far from any symbol: they are summed as such, and the few others corrected.
    """
    at = wanted > 0
    few, marks = logits[at], wanted[at]
    is_centre = marks >= 1
    found = functional.softplus(-few) * torch.sigmoid(-few) ** 2
    corrected = torch.where(is_centre, found, _false(few) * (1 - marks) ** 4) - _false(few)
    return (_false(logits).sum() + corrected.sum()) / is_centre.sum().clamp(min=1)


def _false(logits: Tensor) -> Tensor:
    """What a cell costs in which there is nothing."""
    return functional.softplus(logits) * torch.sigmoid(logits) ** 2
