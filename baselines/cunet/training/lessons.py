"""Lessons of CUNet (``scorebench.learning.lessons``): the keys are 88 channels of its bottleneck."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from baselines.cunet.blocks import STATE_SIZE
from baselines.cunet.network import CUNet, Design
from baselines.cunet.training.learner import (
    MET_CHANNELS,
    MET_PX,
    WEIGHT_DECAY,
    fast_network,
    of_one_shape,
    whole_page,
)
from baselines.cunet.training.material import notes_of
from baselines.cunet.training.passages import Excerpts, Repertoire
from scorebench.errors import ScorebenchError
from scorebench.learning.lessons import (
    FIRST_SCALE,
    Look,
    Syllabus,
    distance,
    meeting_loss,
    seeing_loss,
)
from scorebench.learning.pages import TrainingPage
from scorebench.learning.pitches import PITCHES
from scorebench.learning.pupil import Pupil
from scorebench.learning.sound import Ear
from scorebench.spectrogram import cunet_recipe

FINE_CHANNELS = 64
FIRST_MODULATION = 0.1
"""Of what is drawn for the modulations of the decoder, which begin near 1."""
EMPTY_BIAS = -4.0
"""Of the mask, before the sigmoid: it begins near empty. From a half everywhere dice takes hundreds of steps down."""
VALIDATION_FRAMES = 12
"""At most so many onsets of a validation page are looked at, spread evenly."""


class CUNetPupil(Pupil):
    """Teaches ``network``. Until it has learnt, the page is read as if there were no sound: once for many frames.

    It hears moments from anywhere on a page, in order: of frames in a row few are new, and keys were not learnt.

    Attributes:
        repertoire: what is played, with pitches; must be set before training.
    """

    def __init__(self, design: Design, syllabus: Syllabus, validation: Sequence[TrainingPage] = ()) -> None:
        super().__init__(syllabus)
        self.network = fast_network(design)
        _prepare(self.network)
        self.fine = nn.Conv2d(FINE_CHANNELS, PITCHES, 1)
        self.meeting = nn.Conv2d(MET_CHANNELS, 1, 1)
        self.ear = Ear(cunet_recipe())
        self.repertoire: Repertoire | None = None
        self._validation = [(page, notes_of(page)) for page in validation]

    def lesson_loss(self, lesson: str, numbers: list[int]) -> Tensor:
        """The loss of a lesson on looks or excerpts with these numbers."""
        if self.repertoire is None:
            raise ScorebenchError("a pupil without a repertoire has nothing to learn from")
        if lesson == "seeing":
            return self.seeing_loss([self.repertoire.look(number) for number in numbers])
        excerpts = [self.repertoire.excerpts(number) for number in numbers]
        z, _state = self.network.hear(torch.stack([one.windows for one in excerpts]))
        return self.hearing_loss(excerpts, z) if lesson == "hearing" else self.meeting_loss(excerpts, z)

    def seeing_loss(self, looks: Sequence[Look]) -> Tensor:
        """How well the page's channels say which keys are printed in their cells."""
        losses = []
        for indices in of_one_shape([look.picture for look in looks]):
            some = [looks[index] for index in indices]
            skips, normed = self._see([look.picture for look in some])
            losses.append(seeing_loss(self.fine(skips[-1]), normed[:, :PITCHES], some) * len(some))
        return torch.stack(losses).sum() / len(looks)

    def hearing_loss(self, excerpts: Sequence[Excerpts], z: Tensor) -> Tensor:
        """How well the sound's channels say which keys were struck last."""
        film: Any = self.network.bottleneck_block.film_layer
        return distance(film.gamma(z.flatten(0, 1))[:, :PITCHES], torch.cat([one.struck for one in excerpts]))

    def meeting_loss(self, excerpts: Sequence[Excerpts], z: Tensor) -> Tensor:
        """How well the cell with the note is told from all others after the first block of the decoder."""
        losses = []
        for indices in of_one_shape([one.picture for one in excerpts]):
            skips, normed = self._see([excerpts[index].picture for index in indices])
            normed, skip = (part.repeat_interleave(z.shape[1], 0) for part in (normed, skips[-1]))
            met = self.network.meet(normed, skip, z[indices].flatten(0, 1))
            boxes = torch.cat([excerpts[index].boxes for index in indices])
            losses.append(meeting_loss(self.meeting(met), *boxes[:, :2].T / MET_PX) * len(indices))
        return torch.stack(losses).sum() / len(excerpts)

    def _see(self, pictures: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """What is seen of pages of one size before anything is heard."""
        page = self.network.read_page(torch.stack(pictures)[:, None])
        return self.network.descend(page, page.normed.new_zeros(len(pictures), STATE_SIZE))

    def validation_step(self, index: int, _: int) -> None:
        """The loss of every lesson on one page."""
        page, pitches = self._validation[index]
        frames = np.minimum(page.some_onsets(VALIDATION_FRAMES) + 1, page.frames - 1)
        picture, z = whole_page(self.network, page, frames, self.ear)
        boxes = torch.from_numpy(page.boxes_at(frames)).to(self.device)
        heard = [Excerpts(picture, z[:0], pitches.struck(frames).to(self.device), boxes)]
        losses = {
            "seeing": self.seeing_loss([pitches.look(picture)]),
            "hearing": self.hearing_loss(heard, z[None]),
            "meeting": self.meeting_loss(heard, z[None]),
        }
        self.log_validation(losses, len(frames))

    def optimiser(self) -> torch.optim.Optimizer:
        """Adam, as in the training that follows."""
        return torch.optim.Adam(self.parameters(), lr=1.0, weight_decay=WEIGHT_DECAY)


def _prepare(network: CUNet) -> None:
    """Let keys that are printed begin as absent, the mask as empty, the encoder unmodulated, and the decoder almost so.

    As modulations are drawn, they would turn what the lessons found into something else with each z.
    """
    out: Any = network.conv_out
    with torch.no_grad():
        network.bottleneck_block.norm2.weight[:PITCHES] = FIRST_SCALE
        out.bias.fill_(EMPTY_BIAS)
        for blocks, share in ((network.encoder_blocks, 0.0), (network.decoder_blocks, FIRST_MODULATION)):
            for film in (block.film_layer for block in blocks if block.film_layer is not None):
                film.gamma.weight.mul_(share)
                film.gamma.bias.fill_(1.0)
                film.beta.weight.mul_(share)
                film.beta.bias.mul_(share)
