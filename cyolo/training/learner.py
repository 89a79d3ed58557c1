"""The training as a Lightning module: loss, optimiser, schedule, validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from cyolo.conditioning import Conditioning
from cyolo.loss import Loss, detection_loss
from cyolo.network import Cyolo, Settings, boxes_px
from cyolo.page import scale_of
from cyolo.sharing import OpenPages
from cyolo.training.hearing import Ear
from cyolo.training.visits import Visit, Visitor, page_visit
from scorebench.errors import ScorebenchError
from scorebench.learning.course import demand_finite
from scorebench.learning.lessons import cosine_share, meeting_loss
from scorebench.learning.pages import TrainingPage
from scorebench.protocol.cyolo2021 import errors_frames, line_map
from scorebench.timebase import THRESHOLDS_S

LEARNING_RATE = 5e-4
WEIGHT_DECAY = 5e-4
LONGEST_MEMORY_GRADIENT = 0.1
FORGET_BIAS = 1.0
EMPTY_BIAS = -6.0
"""Objectness of a cell about which nothing is known, before the sigmoid."""
VALIDATION_FRAMES = 24
"""At most so many onsets of a validation page are looked at, spread evenly."""


@dataclass(frozen=True)
class Plan:
    """How long and how large.

    Attributes:
        steps: of the optimiser; the learning rate reaches its end there.
        visits: pages in a batch, over all processes.
        train_memory: whether the recurrent layer learns. The published weights' never did.
        objectness_weight: of objectness beside the boxes. Objectness is a mean over 8112 cells of which a few hold the
            note: with the paper's weight of 1 boxes decide every step until they fit, which takes the paper's million.
        empty_bias: objectness of a cell before anything is learnt, before the sigmoid; 0 in the paper.
        rate: of learning, at its highest.
        meeting_weight: of going on with the last of the lessons beside detection, so that what was learnt there stays
            while the layers after it are still as they were drawn.
    """

    steps: int
    visits: int
    train_memory: bool = True
    objectness_weight: float = 64.0
    empty_bias: float = EMPTY_BIAS
    rate: float = LEARNING_RATE
    meeting_weight: float = 0.0


class Learner(lightning.LightningModule):
    """Trains ``network``.

    Attributes:
        visitor: makes the visits; must be set before training.
    """

    def __init__(self, settings: Settings, plan: Plan, validation: Sequence[TrainingPage] = ()) -> None:
        super().__init__()
        self.network = Cyolo(settings)
        self.network.conditioning_network.seq_model.requires_grad_(plan.train_memory)
        initialise(self.network, plan.empty_bias)
        channels_last(self.network)
        self.meeting = nn.Conv2d(128, 1, 1) if plan.meeting_weight else None
        self.plan = plan
        self.ear = Ear()
        self.visitor: Visitor | None = None
        self._validation = validation

    def training_step(self, numbers: list[int], _: int) -> Tensor:
        """The loss of the visits with these numbers."""
        if self.visitor is None:
            raise ScorebenchError("a learner without a visitor has nothing to learn from")
        visits = [self.visitor.visit(number) for number in numbers]
        loss = self.loss(visits)
        total = loss.total(self.plan.objectness_weight)
        demand_finite(total, self.global_step)
        self.log_dict({"loss": total, "box": loss.box, "objectness": loss.objectness}, batch_size=len(visits))
        return total

    def loss(self, visits: Sequence[Visit]) -> Loss:
        """The loss of ``visits``, all with as many frames."""
        z = condition(self.network.conditioning_network, visits)
        pages = OpenPages(self.network, torch.stack([v.picture for v in visits]))
        detect: Any = self.network.model["Detect_17"]
        fine, targets = pages.fine(z), torch.cat([v.target for v in visits])
        loss = detection_loss(detect(pages.features_from(fine, z))[0], targets, detect.anchors[0])
        if self.meeting is None:
            return loss
        return replace(loss, meeting=self.plan.meeting_weight * met(self.meeting(fine), targets))

    def validation_step(self, index: int, _: int) -> None:
        """Loss and share of onsets tracked on one page."""
        page = self._validation[index]
        frames = page.some_onsets(VALIDATION_FRAMES)
        visit = page_visit(page, frames, self.ear)
        z = condition(self.network.conditioning_network, [visit])
        detect: Any = self.network.model["Detect_17"]
        raw = detect(OpenPages(self.network, visit.picture[None]).features(z))[0].float()
        loss = detection_loss(raw, visit.target, detect.anchors[0])
        errors = _errors_frames(page, frames, boxes_px(raw, detect.anchor_grid[0].reshape(3, 2)))
        shares = {f"valid_{t:.2f}": float((errors <= round(t * 20)).mean()) for t in THRESHOLDS_S}
        total = loss.total(self.plan.objectness_weight)
        self.log_dict({"valid_loss": total, **shares}, batch_size=len(frames), sync_dist=True)

    def configure_optimizers(self) -> Any:
        """AdamW with decay on the weights of convolutions, of linear layers and of the memory; a cosine to 1 %."""
        groups = parameter_groups(self.network)
        if self.meeting is not None:
            groups.append({"params": list(self.meeting.parameters()), "weight_decay": 0.0})
        optimiser = torch.optim.AdamW(groups, lr=self.plan.rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine_share(step / self.plan.steps))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_before_optimizer_step(self, _: torch.optim.Optimizer) -> None:
        """The gradient of the memory is cut to its longest length."""
        nn.utils.clip_grad_norm_(
            self.network.conditioning_network.seq_model.parameters(), LONGEST_MEMORY_GRADIENT, error_if_nonfinite=False
        )


def met(scores: Tensor, targets: Tensor) -> Tensor:
    """How well ``scores`` (n, 1, 26, 26) tell the cell with the note, ``targets`` (n, 4) as shares of the picture."""
    x, y = targets[:, 0] * scores.shape[3], targets[:, 1] * scores.shape[2]
    return meeting_loss(scores, x, y)


def channels_last(network: Cyolo) -> None:
    """Lay the convolutions of ``network`` out so that they learn a fifth faster on a CPU."""
    for part in (network.model, network.conditioning_network.enc):
        part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def condition(network: Conditioning, visits: Sequence[Visit]) -> Tensor:
    """z of all frames of ``visits``, (P n, 128)."""
    windows = [v.windows for v in visits]
    chunks = [v.chunks for v in visits]
    x = network.encode(torch.cat([*windows, *chunks]))
    of_windows, *of_chunks = torch.split(x, [sum(map(len, windows)), *map(len, chunks)])
    remembered = pad_sequence(of_chunks, batch_first=True)
    blank = network.blank().h
    memories = blank.expand(len(visits), 2, -1)
    if remembered.shape[1] > 1:
        later, _ = network.recall(remembered)
        memories = torch.cat([memories, later[:, 1:]], 1)
    h = torch.cat([rows[v.chunks_heard] for rows, v in zip(memories, visits, strict=True)])
    return network.mix(h, of_windows)


def parameter_groups(network: Cyolo) -> list[dict[str, Any]]:
    """Of what learns: weights with decay, and biases and normalisations without."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    decayed = [parameter for parameter in learning if parameter.ndim > 1]
    plain = [parameter for parameter in learning if parameter.ndim <= 1]
    return [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]


def initialise(network: Cyolo, empty_bias: float = EMPTY_BIAS) -> None:
    """Orthogonal weights, biases 0, and 1 for the gates of the memory that forget.

    Objectness begins at ``empty_bias``, near the share of cells that hold a note: from 0 that takes hundreds of steps.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.orthogonal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    detect: Any = network.model["Detect_17"]
    for head in detect.m:
        nn.init.constant_(head.bias[4::5], empty_bias)
    memory = network.conditioning_network.seq_model
    for name, parameter in memory.named_parameters():
        if parameter.ndim > 1:
            nn.init.orthogonal_(parameter)
        else:
            nn.init.zeros_(parameter)
            if name.startswith("bias_ih"):  # the two biases are added
                size = memory.hidden_size
                with torch.no_grad():
                    parameter[size : 2 * size] = FORGET_BIAS


def _errors_frames(page: TrainingPage, frames: Any, boxes: Tensor) -> Any:
    """Errors (n,) in frames, under ``cyolo-2021``, of the most likely of boxes (n, 3, H, W, 5)."""
    flat = boxes.flatten(1, 3)
    best = flat[torch.arange(len(flat)), flat[..., 4].argmax(1)].cpu().double().numpy()
    plan = page.plan
    scale = scale_of(*plan.page.image.shape)
    x, y = best[:, 0] * scale.factor - scale.pad_left_px, best[:, 1] * scale.factor - scale.pad_top_px
    line = line_map(plan.merged, plan.page.index, scale.pad_left_px)
    return errors_frames(plan.merged, line, frames + plan.start_frame, x, y)
