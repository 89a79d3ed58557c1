"""Visits: one page, moved about, with its sound, altered, at some of its frames. A batch is a few visits.

Frames of one visit share the encoding of the page and of the chunks that they remember. What a visit is follows from
its number alone, so that a training goes on after a kill with just the visits that were to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cyolo.conditioning import CHUNK_FRAMES
from scorebench.learning.lessons import Look
from scorebench.learning.pages import TrainingPage
from scorebench.learning.pitches import Pitches
from scorebench.learning.sound import FULL_SCALE, Ear, as_heard, at_tempo, in_room, late, played

TEMPO = (0.5, 2.0)
TEMPO_SHARE = 0.5
ROOM_SHARE = 0.5
LONGEST_SILENCE_HOPS = 20
LOOKING = 1
"""Sets the randomness of looks apart from that of visits."""


@dataclass(frozen=True)
class Visit:
    """One page at N frames.

    Attributes:
        picture: (416, 416) float32.
        windows: (N, 40, 78), the last frames heard at each.
        chunks: (K, 40, 78), the whole chunks heard until the last of them.
        chunks_heard: (N,) int64.
        target: (N, 4) boxes as shares of the picture.
        struck: (N, 88) the keys struck last, for lessons.
    """

    picture: Tensor
    windows: Tensor
    chunks: Tensor
    chunks_heard: Tensor
    target: Tensor
    struck: Tensor | None = None


@dataclass(frozen=True)
class Recipe:
    """What visits are made of.

    Attributes:
        frames: of a visit.
        onset_share: of the frames, those at which an onset falls; the others are any.
        rooms: whether half of the visits are heard in a room.
        seed: of all randomness.
    """

    frames: int = 32
    onset_share: float = 0.8
    rooms: bool = True
    seed: int = 0


class Visitor:
    """Makes visits.

    Args:
        pages: what is visited; the longer a page, the more often.
        responses: impulse responses of rooms.
        ear: on the device where visits are made.
        pitches: of each page, for lessons.
    """

    def __init__(
        self,
        pages: Sequence[TrainingPage],
        responses: Sequence[Tensor],
        ear: Ear,
        recipe: Recipe,
        pitches: Sequence[Pitches] = (),
    ) -> None:
        self._pages = pages
        self._responses = responses if recipe.rooms else []
        self._ear = ear
        self._recipe = recipe
        self._pitches = pitches
        lengths = np.array([page.frames for page in pages], np.float64)
        self._share = lengths / lengths.sum()
        self._kept: dict[int, Tensor] = {}
        device = ear.window.device
        self._pictures = torch.from_numpy(np.stack([p.picture for p in pages])).to(device)
        self._audio = [torch.from_numpy(p.audio).to(device) for p in pages]

    def visit(self, number: int) -> Visit:
        """The visit of that number."""
        random = np.random.default_rng([self._recipe.seed, number])
        index = int(random.choice(len(self._pages), p=self._share))
        page = self._pages[index]
        in_a_room = bool(self._responses) and random.random() < ROOM_SHARE
        bands = self._in_a_room(index, random) if in_a_room else self._dry(index)
        silence = int(random.integers(LONGEST_SILENCE_HOPS))
        rate = float(random.uniform(*TEMPO)) if random.random() < TEMPO_SHARE else 1.0
        heard = as_heard(at_tempo(late(bands, silence), rate))
        frames = self._choose(page, random, silence, rate, len(heard))
        source = np.floor(frames * rate + 1e-9).astype(np.int64) - silence
        down, right = page.some_shift(random)
        picture = self._moved(index, down, right)
        target = page.boxes_at(source)
        target[:, :2] += np.array([right, down]) / len(picture)
        struck = self._pitches[index].struck(source).to(heard.device) if self._pitches else None
        return visit_at(picture, heard, frames, target, struck)

    def look(self, number: int) -> Look:
        """The page of that number, any as likely as another, moved about."""
        random = np.random.default_rng([self._recipe.seed, number, LOOKING])
        index = int(random.integers(len(self._pages)))
        down, right = self._pages[index].some_shift(random)
        return self._pitches[index].look(self._moved(index, down, right), down, right)

    def _moved(self, index: int, down: int, right: int) -> Tensor:
        return torch.roll(self._pictures[index], (down, right), (0, 1)).float() / 255

    def _samples(self, index: int) -> Tensor:
        return self._audio[index].float() / FULL_SCALE

    def _dry(self, index: int) -> Tensor:
        """The bands of a page as it was recorded: kept, since half of its visits or more want them."""
        if index not in self._kept:
            self._kept[index] = self._ear(self._samples(index))
        return self._kept[index]

    def _in_a_room(self, index: int, random: np.random.Generator) -> Tensor:
        response = self._responses[int(random.integers(len(self._responses)))]
        bands: Tensor = self._ear(in_room(self._samples(index), response))
        return bands

    def _choose(
        self, page: TrainingPage, random: np.random.Generator, silence: int, rate: float, length: int
    ) -> NDArray[np.int64]:
        """Frames of the altered sound, ascending."""
        count = self._recipe.frames
        onsets = np.ceil((page.onset_frame[page.onset_frame < page.frames] + silence) / rate).astype(np.int64)
        onsets = onsets[onsets < length]
        at_onsets = int(random.binomial(count, self._recipe.onset_share)) if len(onsets) else 0
        some = random.choice(onsets, at_onsets, replace=at_onsets > len(onsets)) if at_onsets else onsets[:0]
        return np.sort(np.concatenate([some, random.integers(0, length, count - at_onsets)]))


def page_visit(page: TrainingPage, frames: NDArray[np.int64], ear: Ear, struck: Tensor | None = None) -> Visit:
    """The visit of ``page`` as it is, neither moved nor altered, at ``frames`` (ascending), where ``ear`` is."""
    device = ear.window.device
    heard = as_heard(ear(played(page.audio, device))[1:])
    picture = torch.from_numpy(page.picture).to(device).float() / 255
    return visit_at(picture, heard, frames, page.boxes_at(frames), struck)


def visit_at(
    picture: Tensor,
    heard: Tensor,
    frames: NDArray[np.int64],
    target: NDArray[np.float32],
    struck: Tensor | None = None,
) -> Visit:
    """The visit of a page at ``frames`` (ascending) of what is heard on it, (T, 78)."""
    at = torch.from_numpy(frames).to(heard.device)
    padded = nn.functional.pad(heard, (0, 0, CHUNK_FRAMES - 1, 0))
    count = int(frames[-1] + 1) // CHUNK_FRAMES
    return Visit(
        picture=picture,
        windows=padded[at[:, None] + torch.arange(CHUNK_FRAMES, device=heard.device)],
        chunks=heard[: count * CHUNK_FRAMES].view(count, CHUNK_FRAMES, heard.shape[1]),
        chunks_heard=(at + 1) // CHUNK_FRAMES,
        target=torch.from_numpy(target).to(heard.device),
        struck=struck,
    )
