"""Towers that compare what is heard with each column of the score by itself, with the same weights everywhere.

The authors' network sums up the score in one vector, so that it has to learn at each place anew what belongs together.
Here the tower over the score keeps its columns; each is multiplied by what is heard. A match that is learned at one
place is then known at all, which is what makes training on a CPU possible at all (docs/rl.md). Convolutions have no
padding across, so that columns of a whole strip can be computed once and cut out; what changes since the view before
tells how fast the agent is, and goes a short way of its own.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.rl.views import SCORE_SHAPE, SOUND_SHAPE

SOUND_CHANNELS, SCORE_CHANNELS = (16, 32, 64), (16, 32, 64)
MATCH_SIZE, MIXED_SIZE, KEPT_SIZE = 192, 96, 24
SOUND_SIZE, MOTION_SIZE, JOINT_SIZE = 64, 32, 256
STRIDE = 8
"""Pixels of the halved strip from one column to the next."""
VIEW_COLUMNS = 23
"""Columns of a view, 256 pixels wide."""
FIRST_PX, PLACE_PX = -181.0, 8.0
"""Where the first of the places of ``locate`` is, from where the agent stands, and how far from one to the next, in px
of the strip: two places in each column."""
_BANDS = 8
"""Rows that are averaged where speed is looked for."""


class ColumnTowers(nn.Module):
    """What is heard, what is seen column by column, and how they match.

    Attributes:
        in_16_bits: whether it computes in 16 bits where that is enough.
        steady: whether normalisation stays as it is while the rest goes on learning.
        joint_size: numbers in which all is summed up.
        dropout: of actor and critic: none, which would blur where the music is.
    """

    joint_size, dropout = JOINT_SIZE, 0.0

    def __init__(self) -> None:
        super().__init__()
        self.in_16_bits, self.steady = False, False
        self.loudness = nn.BatchNorm1d(SOUND_SHAPE[0] * SOUND_SHAPE[1], affine=False)
        self.sound = _sound_tower()
        self.score = _score_tower()
        self.motion = _motion_tower()
        self.mixed = nn.Sequential(*_conv1d(MATCH_SIZE, MIXED_SIZE, 3, padding=1))
        self.kept = nn.Sequential(nn.Conv1d(MIXED_SIZE, KEPT_SIZE, 1), nn.ReLU())
        self.located = nn.Conv1d(MIXED_SIZE, 2, 1)
        self.summed_sound = nn.Sequential(nn.Linear(MATCH_SIZE, SOUND_SIZE), nn.ReLU())
        inputs = KEPT_SIZE * VIEW_COLUMNS + SOUND_SIZE + MOTION_SIZE
        self.join = nn.Sequential(nn.Linear(inputs, JOINT_SIZE), nn.ReLU())

    def train(self, mode: bool = True) -> "ColumnTowers":
        """As of any module, but for what is steady."""
        super().train(mode and not self.steady)
        return self

    def hear(self, perf: Tensor) -> Tensor:
        """(n, 2, 78, 40) to (n, 192)."""
        with self._precision(perf):
            even = self.loudness(perf.flatten(1, 2)).view_as(perf)
            heard: Tensor = self.sound(even.contiguous(memory_format=torch.channels_last))
        return heard.float()

    def read(self, ink: Tensor) -> Tensor:
        """Columns of the score: ink (n, 80, w) of the halved strip to (n, 192, columns); 23 of a view, w = 256."""
        with self._precision(ink):
            columns: Tensor = self.score(ink[:, None].contiguous(memory_format=torch.channels_last))
        return columns.float()

    def feel(self, profiles: Tensor) -> Tensor:
        """How fast the agent is: ``profile_of`` its view and of the change, (n, 2, 10, 256), to (n, 32)."""
        with self._precision(profiles):
            motion: Tensor = self.motion(profiles.flatten(1, 2))
        return motion.float()

    def look(self, score: Tensor) -> tuple[Tensor, ...]:
        """(n, 2, 80, 256) to (n, 192, 23), the columns, and (n, 32), how fast."""
        return self.read(score[:, 0]), self.feel(profile_of(score))

    def _match(self, heard: Tensor, columns: Tensor) -> Tensor:
        """(n, 192) and (n, 192, 23) to (n, 96, 23)."""
        matched: Tensor = self.mixed(columns * heard[:, :, None])
        return matched

    def _precision(self, x: Tensor) -> torch.autocast:
        return torch.autocast(x.device.type, torch.bfloat16, enabled=self.in_16_bits)

    def combine(self, heard: Tensor, seen: tuple[Tensor, ...]) -> Tensor:
        """What ``hear`` and ``look`` gave to (n, 256)."""
        return self.combine_and_locate(heard, seen)[0]

    def combine_and_locate(self, heard: Tensor, seen: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """The same, and (n, 46) logits of where in the view the music is; only imitation asks for them."""
        columns, motion = seen
        with self._precision(heard):
            matched = self._match(heard, columns)
            summed = torch.cat([self.kept(matched).flatten(1), self.summed_sound(heard), motion], dim=1)
            joined, located = self.join(summed), self.located(matched)
        return joined.float(), located.transpose(1, 2).flatten(1).float()

    def forward(self, observations: Mapping[str, Tensor]) -> Tensor:
        """``perf`` and ``score`` to (n, 256)."""
        return self.combine(self.hear(observations["perf"]), self.look(observations["score"]))


def profile_of(score: Tensor) -> Tensor:
    """(..., 80, w) to (..., 10, w): the mean of every eight rows."""
    return score.reshape(*score.shape[:-2], -1, _BANDS, score.shape[-1]).mean(dim=-2)


def _conv(
    inputs: int, channels: int, size: int = 3, stride: int = 1, pool: tuple[int, int] | None = None, across: bool = True
) -> list[nn.Module]:
    """Convolution, normalisation, pooling and ReLU: the maximum is the same before the ReLU as after it, and faster."""
    padding = (size // 2, size // 2 if across else 0)
    pooling = [] if pool is None else [nn.MaxPool2d(pool)]
    conv = nn.Conv2d(inputs, channels, size, stride, padding, bias=False)
    return [conv, nn.BatchNorm2d(channels), *pooling, nn.ReLU()]


def _conv1d(inputs: int, channels: int, size: int, padding: int = 0) -> list[nn.Module]:
    return [nn.Conv1d(inputs, channels, size, padding=padding, bias=False), nn.BatchNorm1d(channels), nn.ReLU()]


def _sound_tower() -> nn.Sequential:
    """(n, 2, 78, 40) to (n, 192)."""
    a, b, c = SOUND_CHANNELS
    layers = [*_conv(2, a), *_conv(a, a, pool=(2, 2)), *_conv(a, b, pool=(2, 2)), *_conv(b, c, pool=(2, 2))]
    summing = nn.Linear(c * (SOUND_SHAPE[1] // 8) * (SOUND_SHAPE[2] // 8), MATCH_SIZE, bias=False)
    return nn.Sequential(*layers, nn.Flatten(), summing, nn.BatchNorm1d(MATCH_SIZE), nn.ReLU())


def _score_tower() -> nn.Sequential:
    """(n, 1, 80, w) to (n, 192, columns)."""
    a, b, c = SCORE_CHANNELS
    layers = [
        *_conv(1, a, 5, stride=2, across=False),
        *_conv(a, a, pool=(2, 2), across=False),
        *_conv(a, b, across=False),
        *_conv(b, b, pool=(2, 2), across=False),
        *_conv(b, c, across=False),
        *_conv(c, c, pool=(2, 1), across=False),
    ]
    return nn.Sequential(*layers, nn.Flatten(1, 2), *_conv1d(c * SCORE_SHAPE[1] // 16, MATCH_SIZE, 3))


def _motion_tower() -> nn.Sequential:
    """(n, 20, 256) to (n, 32)."""
    bands = 2 * SCORE_SHAPE[1] // _BANDS
    layers = [nn.Conv1d(bands, 32, 9, stride=4), nn.ReLU(), nn.Conv1d(32, 48, 5, stride=4), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(48 * 15, MOTION_SIZE), nn.ReLU())


def places_loss(logits: Tensor, errors_px: Tensor) -> Tensor:
    """() cross-entropy of ``locate``, logits (n, 46), for agents that are (n,) px ahead of the music.

    The target is shared by the two places between which the music is.
    """
    place = ((-errors_px - FIRST_PX) / PLACE_PX).clamp(0, logits.shape[1] - 1.001)
    low = place.long()
    share = (place - low)[:, None]
    likely = functional.log_softmax(logits, dim=1)
    below, above = likely.gather(1, low[:, None]), likely.gather(1, low[:, None] + 1)
    return -((1 - share) * below + share * above).mean()
