"""The training as a Lightning module: truncated back-propagation through time, loss, optimiser, validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines.cunet.blocks import STATE_SIZE
from baselines.cunet.loss import dice_loss, target_masks
from baselines.cunet.network import CUNet, Design
from baselines.cunet.picture import box_on_page, marked
from baselines.cunet.training.material import newest_frames
from baselines.cunet.training.passages import Desk, Passage, Repertoire
from scorebench.errors import ScorebenchError
from scorebench.learning.course import demand_finite
from scorebench.learning.lessons import cosine_share, meeting_loss
from scorebench.learning.pages import TrainingPage
from scorebench.learning.sound import Ear, as_heard, played
from scorebench.protocol.cyolo2021 import errors_frames, line_map, pad_left
from scorebench.spectrogram import cunet_recipe
from scorebench.timebase import THRESHOLDS_S

LEARNING_RATE, WEIGHT_DECAY = 1e-4, 1e-5
TAUGHT_RATE, MEETING_WEIGHT = 1e-3, 0.1
PATIENCE, FALL = 5, 0.5
"""The rate is halved after more than so many validations that were no better than the best before."""
LEAST_GAIN = 1e-4
"""Share of the best loss by which another has to be better."""
VALIDATION_FRAMES = 24
"""At most so many onsets of a validation page are looked at, spread evenly."""
MET_CHANNELS, MET_PX = 64, 8
"""Of what the first block of the decoder gives, from which the last lesson tells the cell with the note."""


@dataclass(frozen=True)
class Plan:
    """How long and how large.

    Attributes:
        steps: of the optimiser.
        visits: passages in a batch, one from each desk, over all processes.
        taught: whether the weights had lessons. Then they learn faster, at a rate that falls along a cosine, and the
            last lesson goes on beside, with a small weight.
    """

    steps: int
    visits: int
    taught: bool = False


class Learner(lightning.LightningModule):
    """Trains ``network``.

    Attributes:
        repertoire: what is played; must be set before training.

    Args:
        curve: what each validation found, the newest last.
        validation: pages.
    """

    def __init__(
        self,
        design: Design,
        plan: Plan,
        curve: Sequence[dict[str, float]] = (),
        validation: Sequence[TrainingPage] = (),
    ) -> None:
        super().__init__()
        self.network = fast_network(design)
        self.meeting = nn.Conv2d(MET_CHANNELS, 1, 1) if plan.taught else None
        self.ear = Ear(cunet_recipe())
        self.repertoire: Repertoire | None = None
        self._plan, self._curve, self._validation = plan, curve, validation
        self._desks: dict[int, Desk] = {}
        self._memory = torch.zeros(2, plan.visits, STATE_SIZE)  # h and c at each desk

    def _desk(self, number: int) -> Desk:
        if self.repertoire is None:
            raise ScorebenchError("a learner without a repertoire has nothing to learn from")
        if number not in self._desks:
            self._desks[number] = Desk(self.repertoire, number, self._plan.visits)
        return self._desks[number]

    def training_step(self, numbers: list[int], _: int) -> Tensor:
        """The loss of the passages with these numbers: number ``n`` is that of desk ``n % visits`` at a step."""
        desks = [number % self._plan.visits for number in numbers]
        passages = [self._desk(d).passage(n // self._plan.visits) for d, n in zip(desks, numbers, strict=True)]
        self._memory = self._memory.to(self.device)
        loss, memory = passages_loss(self.network, passages, self._memory[:, desks], self.meeting)
        self._memory[:, desks] = memory
        demand_finite(loss, self.global_step)
        self.log("loss", loss, batch_size=len(passages))
        return loss

    def validation_step(self, index: int, _: int) -> None:
        """Loss and share of onsets tracked on one page."""
        page = self._validation[index]
        asked = page.plan.frames_2021 - page.plan.start_frame
        asked = asked[np.unique(np.linspace(0, len(asked) - 1, VALIDATION_FRAMES).astype(int))]
        frames = np.clip(newest_frames(asked), 0, page.frames - 1)
        picture, z = whole_page(self.network, page, frames, self.ear)
        logits = self.network.look_for(picture[None, None], z[None])[0].float()
        boxes = torch.from_numpy(page.boxes_at(frames)).to(self.device)
        loss = dice_loss(logits, masks_of(boxes, picture))
        errors = _errors_frames(page, asked, logits.sigmoid().cpu().numpy())
        shares = {f"valid_{t:.2f}": float((errors <= round(t * 20)).mean()) for t in THRESHOLDS_S}
        self.log_dict({"valid_loss": loss, **shares}, batch_size=len(frames), sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, with its own kind of decay."""
        return torch.optim.Adam(self.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)

    def on_train_batch_start(self, *_: Any) -> None:
        """The learning rate follows from the step, or from the curve."""
        if self._plan.taught:
            rate = TAUGHT_RATE * cosine_share(self.global_step / self._plan.steps)
        else:
            rate = LEARNING_RATE * learning_share([point["valid_loss"] for point in self._curve])
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What is remembered at all desks goes with it."""
        share = self._plan.visits // self.trainer.world_size
        of_all_processes = cast(Tensor, self.all_gather(self._memory.to(self.device)))
        gathered = of_all_processes.reshape(-1, *self._memory.shape)
        own = [memory[:, rank * share : (rank + 1) * share] for rank, memory in enumerate(gathered)]
        checkpoint["memory"] = torch.cat(own, 1).cpu()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """And comes back."""
        self._memory = checkpoint["memory"]


def fast_network(design: Design) -> CUNet:
    """A network as it is drawn, laid out so that it learns twice as fast on a CPU."""
    network = CUNet(design)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def whole_page(network: CUNet, page: TrainingPage, frames: NDArray[np.int64], ear: Ear) -> tuple[Tensor, Tensor]:
    """The picture (rows, columns) of a page as it is, and z (n, 128) at ``frames`` (ascending) of its sound."""
    device = ear.window.device
    heard = as_heard(ear(played(page.audio, device)))
    z = network.hear_page(heard[: frames[-1] + 1])[frames.tolist()]
    return torch.from_numpy(page.picture).to(device).float() / 255, z


def of_one_shape(pictures: Sequence[Tensor]) -> list[list[int]]:
    """Numbers of pictures, those of one shape together."""
    by_shape: dict[torch.Size, list[int]] = {}
    for index, picture in enumerate(pictures):
        by_shape.setdefault(picture.shape, []).append(index)
    return list(by_shape.values())


def passages_loss(
    network: CUNet, passages: Sequence[Passage], memory: Tensor, meeting: nn.Module | None = None
) -> tuple[Tensor, Tensor]:
    """The loss of passages of as many frames, and as many looked for, and what is remembered after them.

    Args:
        memory: (2, passages, 128) h and c from before; not used by a passage that opens its page.
        meeting: the head of the last lesson, which goes on beside.

    Returns:
        (), the mean over all frames looked for; and (2, passages, 128), without its history.
    """
    opens = torch.tensor([passage.opens for passage in passages], device=memory.device)
    h, c = memory.masked_fill(opens[:, None], 0.0)
    z, state = network.hear(torch.stack([passage.windows for passage in passages]), (h[None], c[None]))
    total = z.new_zeros((), dtype=torch.float32)
    for indices in of_one_shape([passage.picture for passage in passages]):
        pictures = torch.stack([passages[index].picture for index in indices])
        boxes = torch.cat([passages[index].boxes for index in indices])
        here = torch.cat([z[index, passages[index].asked] for index in indices])
        skips, normed = network.descend(network.read_page(pictures[:, None]).each(len(here) // len(indices)), here)
        met = network.meet(normed, skips[-1], here)
        logits = network.refine(skips[:-1], met, here)[:, 0].float()
        loss = dice_loss(logits, masks_of(boxes, pictures[0]))
        if meeting is not None:
            loss = loss + MEETING_WEIGHT * meeting_loss(meeting(met), *boxes[:, :2].T / MET_PX)
        total = total + loss * len(indices)
    return total / len(passages), memory if state is None else torch.cat(state).detach().float()


def masks_of(boxes: Tensor, picture: Tensor) -> Tensor:
    """(n, rows, columns): what is to be marked for ``boxes`` (n, 4)."""
    return target_masks(boxes[:, 0], boxes[:, 1], boxes[:, 3], *picture.shape)


def learning_share(losses: Sequence[float]) -> float:
    """Share of the first learning rate after validations with these losses: halved on each plateau."""
    share, best, waited = 1.0, float("inf"), 0
    for loss in losses:
        if loss < best * (1 - LEAST_GAIN):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > PATIENCE:
            share, waited = share * FALL, 0
    return share


def _errors_frames(page: TrainingPage, frames: NDArray[np.int64], masks: NDArray[np.float32]) -> NDArray[np.float64]:
    """Errors (n,) in frames, under ``cyolo-2021``, of masks (n, rows, columns) at ``frames`` of the page."""
    plan, shape = page.plan, page.plan.page.image.shape
    boxes = [box_on_page(marked(mask), shape) for mask in masks]
    where = np.array([(box.x_px, box.y_px) for box in boxes])
    line = line_map(plan.merged, plan.page.index, pad_left(*shape))
    return errors_frames(plan.merged, line, frames + plan.start_frame, where[:, 0], where[:, 1])
