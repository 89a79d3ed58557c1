"""Lessons of CYOLO (``scorebench.learning.lessons``): the keys are 88 channels of its first modulated layer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cyolo.network import Cyolo, Settings
from cyolo.sharing import OpenPages
from cyolo.training.hearing import Ear
from cyolo.training.learner import channels_last, condition, initialise, met, parameter_groups
from cyolo.training.material import notes_of
from cyolo.training.visits import Visit, Visitor, page_visit
from scorebench.errors import ScorebenchError
from scorebench.learning.lessons import FIRST_SCALE, Look, Syllabus, distance, seeing_loss
from scorebench.learning.pages import TrainingPage
from scorebench.learning.pitches import PITCHES
from scorebench.learning.pupil import Pupil

FIRST_MODULATION = 0.1
"""Of what is drawn for the later modulations, which begin near 1."""
VALIDATION_FRAMES = 12
"""At most so many onsets of a validation page are looked at, spread evenly."""


class CyoloPupil(Pupil):
    """Teaches ``network``.

    Attributes:
        visitor: makes looks and visits, with pitches; must be set before training.
    """

    def __init__(self, settings: Settings, syllabus: Syllabus, validation: Sequence[TrainingPage] = ()) -> None:
        super().__init__(syllabus)
        self.network = Cyolo(settings)
        initialise(self.network)
        channels_last(self.network)
        _prepare(self.network)
        self.fine = nn.Conv2d(64, PITCHES, 1)
        self.meeting = nn.Conv2d(128, 1, 1)
        self.ear = Ear()
        self.visitor: Visitor | None = None
        self._validation = [(page, notes_of(page)) for page in validation]

    def lesson_loss(self, lesson: str, numbers: list[int]) -> Tensor:
        """The loss of a lesson on looks or visits with these numbers."""
        if self.visitor is None:
            raise ScorebenchError("a pupil without a visitor has nothing to learn from")
        if lesson == "seeing":
            return self.seeing_loss([self.visitor.look(number) for number in numbers])
        visits = [self.visitor.visit(number) for number in numbers]
        z = condition(self.network.conditioning_network, visits)
        return self.hearing_loss(visits, z) if lesson == "hearing" else self.meeting_loss(visits, z)

    def seeing_loss(self, looks: list[Look]) -> Tensor:
        """How well the page's channels say which keys are printed in their cells."""
        seen = self.network.see(torch.stack([look.picture for look in looks])[:, None])
        layer: Any = self.network.model["FiLMConv_5"]
        return seeing_loss(self.fine(seen), layer.norm(layer.conv(seen))[:, :PITCHES], looks)

    def hearing_loss(self, visits: Sequence[Visit], z: Tensor) -> Tensor:
        """How well the sound's channels say which keys were struck last."""
        layer: Any = self.network.model["FiLMConv_5"]
        struck = [visit.struck for visit in visits if visit.struck is not None]
        return distance(layer.gamma(z)[:, :PITCHES], torch.cat(struck))

    def meeting_loss(self, visits: Sequence[Visit], z: Tensor) -> Tensor:
        """How well the cell with the note is told from all others after the first modulation."""
        pages = OpenPages(self.network, torch.stack([visit.picture for visit in visits]))
        return met(self.meeting(pages.fine(z)), torch.cat([visit.target for visit in visits]))

    def validation_step(self, index: int, _: int) -> None:
        """The loss of every lesson on one page."""
        page, pitches = self._validation[index]
        frames = page.some_onsets(VALIDATION_FRAMES)
        visit = page_visit(page, frames, self.ear, pitches.struck(frames).to(self.device))
        z = condition(self.network.conditioning_network, [visit])
        losses = {
            "seeing": self.seeing_loss([pitches.look(visit.picture)]),
            "hearing": self.hearing_loss([visit], z),
            "meeting": self.meeting_loss([visit], z),
        }
        self.log_validation(losses, len(frames))

    def optimiser(self) -> torch.optim.Optimizer:
        """AdamW, with decay of weights alone, as in the training that follows."""
        groups = parameter_groups(self.network)
        groups.append({"params": [*self.fine.parameters(), *self.meeting.parameters()], "weight_decay": 0.0})
        return torch.optim.AdamW(groups, lr=1.0)


def _prepare(network: Cyolo) -> None:
    """Let keys that are printed begin as absent, and later modulations, which are not taught, as almost none.

    As they are drawn, they would turn what the lessons found into something else with each z.
    """
    layers: Any = network.model
    with torch.no_grad():
        layers["FiLMConv_5"].norm.weight[:PITCHES] = FIRST_SCALE
        for name in ("FiLMConv_7", "FiLMConv_9", "FiLMConv_13"):
            layers[name].gamma.weight.mul_(FIRST_MODULATION)
            layers[name].gamma.bias.fill_(1.0)
            layers[name].beta.weight.mul_(FIRST_MODULATION)
