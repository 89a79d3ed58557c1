"""The training as a Lightning module: loss, optimiser, learning rate, validation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.mmloc.buckets import cross_entropy, places_of
from baselines.mmloc.inference import Reader
from baselines.mmloc.network import Design, MMLoc
from baselines.mmloc.pursuit import find_all
from baselines.mmloc.training.samples import Recipe, Sampler
from baselines.strip.material import StripPage
from baselines.strip.sound import frames_heard
from scorebench.errors import ScorebenchError
from scorebench.learning.course import demand_finite
from scorebench.protocol.cyolo2021 import errors_frames, line_map, pad_left
from scorebench.timebase import THRESHOLDS_S, samples_heard

LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2
RISE = 0.1
"""Share of the training in which the learning rate rises; then it falls, as a cosine, to 0."""
VALIDATION_SNIPPETS, VALIDATION_FRAMES = 16, 4
"""So many for each page of the split, spread over all of them."""
FOLLOWED_PAGES = 8
"""At most so many pages of the split are followed in a validation, spread evenly."""


@dataclass(frozen=True)
class Plan:
    """How long and how large.

    Attributes:
        steps: of the optimiser; the learning rate reaches its end there.
        visits: snippets in a batch, over all processes.
        validate_every: steps from one validation to the next.
    """

    steps: int
    visits: int
    validate_every: int


class Learner(lightning.LightningModule):
    """Trains ``network``.

    Attributes:
        sampler: makes what is learnt from; must be set before training.

    Args:
        validation: pages.
    """

    def __init__(self, design: Design, plan: Plan, seed: int = 0, validation: Sequence[StripPage] = ()) -> None:
        super().__init__()
        self.network = MMLoc(design)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast
        self.sampler: Sampler | None = None
        self._plan, self._seed, self._validation = plan, seed, validation
        self._exam: Sampler | None = None

    def training_step(self, numbers: list[int], _: int) -> Tensor:
        """The loss of the snippets with these numbers."""
        if self.sampler is None:
            raise ScorebenchError("a learner without a sampler has nothing to learn from")
        dropout = np.random.SeedSequence([self._seed, *numbers[:1]])  # so that a resumed training drops the same
        torch.manual_seed(int(dropout.generate_state(1)[0]))
        samples = self.sampler.samples(numbers)
        loss = cross_entropy(self.network(samples.snippets, samples.excerpts).float(), samples.places)
        demand_finite(loss, self.global_step)
        self.log("loss", loss, batch_size=len(numbers))
        return loss

    def validation_step(self, index: int, _: int) -> None:
        """Loss and share of moments localised, on always the same samples; share of onsets tracked on some pages."""
        if self._exam is None:
            recipe = Recipe(frames=VALIDATION_FRAMES, altered=False)
            self._exam = Sampler(self._validation, recipe, self.device)
        first = index * VALIDATION_SNIPPETS
        samples = self._exam.samples(range(first, first + VALIDATION_SNIPPETS))
        logits = self.network(samples.snippets, samples.excerpts).float()
        found, _confidence = places_of(logits.softmax(1).cpu().numpy())
        right = np.abs(np.floor(found) - np.floor(samples.places.cpu().numpy())) <= 1
        loss = float(cross_entropy(logits, samples.places))
        self.log_dict({"valid_loss": loss, "valid_bucket": float(right.mean())}, batch_size=len(logits), sync_dist=True)
        if index in followed(len(self._validation)):
            errors = self._follow(self._validation[index])
            shares = {f"valid_{t:.2f}": float((errors <= round(t * 20)).mean()) for t in THRESHOLDS_S}
            self.log_dict(shares, batch_size=len(errors), sync_dist=True)

    def _follow(self, page: StripPage) -> NDArray[np.float64]:
        """Errors in frames, under ``cyolo-2021``, of following ``page`` from its beginning to its end."""
        plan = page.plan
        heard = np.array([samples_heard(frame) for frame in (plan.frames_2021 - plan.start_frame).tolist()], np.int64)
        frames = np.minimum(frames_heard(heard) - 1, page.frames - 1)
        return errors_of(page, find_all(Reader(self.network), page.strip, page.spectrum).strip_x[frames])

    def configure_optimizers(self) -> Any:
        """AdamW with decay on weights only: in as many steps as a CPU can do it gets further than the paper's SGD."""
        weights = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
        optimiser = torch.optim.AdamW(groups, LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_share(step / self._plan.steps))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def errors_of(page: StripPage, strip_x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors (n,) in frames, under ``cyolo-2021``, of ``strip_x`` (n,), found at the n frames that it scores."""
    plan, place = page.plan, page.strip.to_page(strip_x)
    line = line_map(plan.merged, plan.page.index, pad_left(*plan.page.image.shape))
    return errors_frames(plan.merged, line, plan.frames_2021, place.x_px, place.y_px)


def followed(pages: int) -> list[int]:
    """Which of so many pages are followed in a validation."""
    return sorted(set(np.linspace(0, pages - 1, min(pages, FOLLOWED_PAGES)).astype(int).tolist()))


def learning_share(done: float) -> float:
    """Share of the highest learning rate once ``done`` (0 to 1) of the training is over."""
    if done < RISE:
        return max(done, RISE / 100) / RISE
    return (1 + math.cos(math.pi * min((done - RISE) / (1 - RISE), 1.0))) / 2
