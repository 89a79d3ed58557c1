"""What CUNet is trained to mark, and how far off a mask is (ISMIR 2020, section 4)."""

import torch
from torch import Tensor

from baselines.cunet.picture import BOX_WIDTH

_TINY = 1e-12
"""Keeps an empty target and a mask of zeros from 0 / 0; smaller than any mask's own square."""


def dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """``1 - 2 sum(p t) / (sum(p^2) + sum(t^2))`` of each mask, averaged: squared denominators, no smoothing.

    Args:
        logits: (n, h, w) or (b, t, h, w); their sigmoid is p.
        targets: t, of the same shape, 0 or 1.

    Returns:
        (), from 0 (equal) to 1 (nothing in common).
    """
    p, t = logits.sigmoid().flatten(-2), targets.flatten(-2)
    common = (p * t).sum(-1)
    return (1 - 2 * common / (p.square().sum(-1) + t.square().sum(-1)).clamp_min(_TINY)).mean()


def target_masks(x: Tensor, y: Tensor, heights: Tensor, rows: int, columns: int) -> Tensor:
    """A box around each position: 10 columns wide and as high as the system.

    Args:
        x, y, heights: (n,), centre and height of each box in pixels of the mask; the centre of pixel k is k + 0.5.
        rows, columns: size of the masks.

    Returns:
        (n, rows, columns) float32: 1 where the centre of a pixel is inside its box.
    """
    across = _inside(x, torch.full_like(x, BOX_WIDTH), columns)
    down = _inside(y, heights, rows)
    return (down[:, :, None] & across[:, None, :]).float()


def _inside(centre: Tensor, extent: Tensor, size: int) -> Tensor:
    """(n, size): whether the middle of each pixel of a line is less than half of ``extent`` from ``centre``."""
    middles = torch.arange(size, device=centre.device) + 0.5
    distance = middles - centre[:, None]
    return (distance >= -extent[:, None] / 2) & (distance < extent[:, None] / 2)
