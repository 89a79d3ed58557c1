"""What lessons of any network have in common as a Lightning module; the lessons themselves are in ``lessons``."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from scorebench.learning.course import demand_finite
from scorebench.learning.lessons import LONGEST_GRADIENT, Syllabus


class Pupil(lightning.LightningModule):
    """Teaches a network; a subclass holds it, and knows what each lesson of it is."""

    def __init__(self, syllabus: Syllabus) -> None:
        super().__init__()
        self.syllabus = syllabus

    @abstractmethod
    def lesson_loss(self, lesson: str, numbers: list[int]) -> Tensor:
        """The loss of a lesson on the pages, as they are drawn for these numbers, ()."""

    @abstractmethod
    def optimiser(self) -> torch.optim.Optimizer:
        """Of all parameters, with a rate of 1."""

    def training_step(self, numbers: list[int], _: int) -> Tensor:
        """The loss of the lesson that is on."""
        lesson, _done = self.syllabus.lesson_at(self.global_step)
        loss = self.lesson_loss(lesson, numbers)
        demand_finite(loss, self.global_step)
        self.log(lesson, loss, batch_size=len(numbers))
        return loss

    def log_validation(self, losses: Mapping[str, Tensor], frames: int) -> None:
        """The loss of every lesson on one page. That of meeting decides: meanwhile channels need not stay keys."""
        said = {f"valid_{lesson}": loss for lesson, loss in losses.items()}
        self.log_dict({"valid_loss": losses["meeting"], **said}, batch_size=frames, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """The rate is the lesson's."""
        optimiser = self.optimiser()
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self.syllabus.rate)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_before_optimizer_step(self, _: torch.optim.Optimizer) -> None:
        """Gradients are cut to their longest length."""
        nn.utils.clip_grad_norm_(self.parameters(), LONGEST_GRADIENT, error_if_nonfinite=False)
