"""The training objective: where the boxes are, and which cell holds the note (Henkel & Widmer 2021, section III-C)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

BOX_WEIGHT = 0.1
ANCHOR_RATIO = 4.0
"""An anchor answers for a box if neither side is this many times as long as the other's."""


@dataclass(frozen=True)
class Loss:
    """Scalars: how well boxes fit (weighted as in the paper), and how well the cells with the note are told.

    Attributes:
        meeting: ``meeting_loss``, weighted, where the training goes on with that lesson.
    """

    box: Tensor
    objectness: Tensor
    meeting: Tensor | None = None

    def total(self, objectness_weight: float = 1.0) -> Tensor:
        """What is minimised; the paper weighs objectness with 1."""
        detection = self.box + objectness_weight * self.objectness
        return detection if self.meeting is None else detection + self.meeting


@dataclass(frozen=True)
class Matches:
    """Which cells and anchors answer for the N targets; each field (matches,), ``box`` (matches, 4).

    Attributes:
        box: the target from the corner of that cell: x, y, w, h in cells.
    """

    sample: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor
    box: Tensor


def match(targets: Tensor, anchors: Tensor, grid: tuple[int, int]) -> Matches:
    """The cells that answer: a target's own, and of its neighbours the nearer in each direction.

    Args:
        targets: (N, 4) centre x, y, width, height as shares of the picture.
        anchors: (3, 2) widths and heights in cells.
        grid: rows and columns of cells.
    """
    rows, columns = grid
    size = targets.new_tensor([columns, rows])
    centre, extent = targets[:, :2] * size, targets[:, 2:] * size
    ratio = extent[:, None] / anchors[None]
    fits = torch.maximum(ratio, 1 / ratio).amax(-1) < ANCHOR_RATIO
    cells, good = _cells(centre, size)
    keep = fits[:, :, None] & good[:, None, :]
    sample, anchor, which = keep.nonzero(as_tuple=True)
    cell = cells[sample, which]
    box = torch.cat([centre[sample] - cell, extent[sample]], 1)
    return Matches(sample, anchor, cell[:, 1].long(), cell[:, 0].long(), box)


def _cells(centre: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Five candidate cells for each of N centres, (N, 5, 2) as (column, row), and which of them answer, (N, 5)."""
    own = torch.minimum(centre.floor(), size - 1)
    inside = centre - own
    steps = centre.new_tensor([[0, 0], [-1, 0], [0, -1], [1, 0], [0, 1]])
    low = (inside < 0.5) & (centre > 1)
    high = (inside > 0.5) & (size - centre > 1)
    always = torch.ones(len(centre), 1, dtype=torch.bool, device=centre.device)
    return own[:, None] + steps, torch.cat([always, low, high], 1)


def detection_loss(raw: Tensor, targets: Tensor, anchors: Tensor) -> Loss:
    """The loss of N pictures with one note each.

    Args:
        raw: (N, 3, H, W, 5) raw boxes.
        targets: (N, 4) centre x, y, width, height as shares of the picture.
        anchors: (3, 2) widths and heights in cells.
    """
    raw = raw.float()
    found = match(targets, anchors, (raw.shape[2], raw.shape[3]))
    here = raw[found.sample, found.anchor, found.row, found.column]
    share = here[:, :4].sigmoid()
    said = torch.cat([2 * share[:, :2] - 0.5, (2 * share[:, 2:]) ** 2 * anchors[found.anchor]], 1)
    wanted = torch.zeros_like(raw[..., 4])
    wanted[found.sample, found.anchor, found.row, found.column] = overlap(said.detach(), found.box).clamp(min=0)
    return Loss(
        box=BOX_WEIGHT * (F.mse_loss(said, found.box) if len(said) else said.sum()),
        objectness=F.binary_cross_entropy_with_logits(raw[..., 4], wanted),
    )


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of N pairs of boxes, each (N, 4) as centre x, y, width, height: (N,)."""
    low = torch.maximum(one[:, :2] - one[:, 2:] / 2, other[:, :2] - other[:, 2:] / 2)
    high = torch.minimum(one[:, :2] + one[:, 2:] / 2, other[:, :2] + other[:, 2:] / 2)
    shared = (high - low).clamp(min=0).prod(1)
    return shared / (one[:, 2:].prod(1) + other[:, 2:].prod(1) - shared)
