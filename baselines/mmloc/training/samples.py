"""Samples: a snippet of a strip, and what is heard at some moments while the music is within it.

The tower over the score costs five times that over the sound, so several moments share a snippet; they also force the
network to listen, since the same picture has several answers. What a sample is follows from its number alone, so that a
training goes on after a kill with just the samples that were to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.mmloc.buckets import BUCKETS
from baselines.mmloc.training.rooms import in_room
from baselines.strip import excerpt, sound
from baselines.strip.material import StripPage
from scorebench.filterbank import BANDS
from scorebench.learning.sound import as_heard

NEAR, NEAR_SHARE = 0.4, 0.9
"""How far the music is from the middle of the snippet at most, in widths, and how often; else it is anywhere."""
EDGE = 0.49
"""Of the width: moments further from the middle do not count as within the snippet."""
TEMPO_OCTAVES, TEMPO_SHARE = 1.0, 0.5
SCALES, SCALE_SHARE = (0.9, 1.1), 0.5
SHIFT_ROWS = 4
"""How far a snippet is moved up or down at most, in its own pixels."""
GAIN_OCTAVES = 1.0
ROOM_SHARE = 0.5


@dataclass(frozen=True)
class Recipe:
    """What samples are made of.

    Attributes:
        frames: moments heard for each snippet.
        onset_share: of the moments, those at which an onset falls; the others are any.
        altered: whether tempo, loudness and picture are changed.
        rooms: whether half of the snippets are heard in a room; each page has its own.
        seed: of all randomness.
    """

    frames: int = 4
    onset_share: float = 0.8
    altered: bool = True
    rooms: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Samples:
    """V snippets with F moments each.

    Attributes:
        snippets: (V, 80, 256) float32, 1 is ink.
        excerpts: (V * F, 78, 40) float32, what is heard.
        places: (V * F,) float32, where in its snippet each is, in buckets.
    """

    snippets: Tensor
    excerpts: Tensor
    places: Tensor


@dataclass(frozen=True)
class _Visit:
    """One snippet, drawn.

    Attributes:
        page: its number.
        sound: the number of what is heard: of the page, or of the page in its room.
        left: x on the strip, in its pixels, of the left edge.
        scale: pixels of the strip for one of the excerpt.
        down: rows of the snippet that it is moved down.
        frames: (F,) int64 of the page.
        places: (F,) float64, in buckets.
        rates: (F,) float64 of the tempo.
        gains: (F,) float64 of the sound.
    """

    page: int
    sound: int
    left: float
    scale: float
    down: int
    frames: NDArray[np.int64]
    places: NDArray[np.float64]
    rates: NDArray[np.float64]
    gains: NDArray[np.float64]


class Sampler:
    """Makes samples of pages.

    Args:
        device: where they are made.
        decays: of rooms (``rooms.decay_of``); at least one if the recipe has rooms.
    """

    def __init__(
        self,
        pages: Sequence[StripPage],
        recipe: Recipe,
        device: torch.device,
        decays: Sequence[NDArray[np.float32]] = (),
    ) -> None:
        self._recipe, self._device = recipe, device
        self._at = [page.at_frame for page in pages]
        self._is_onset = [np.isin(np.arange(len(page.at_frame)), page.onset_frame) for page in pages]
        lengths = np.array([len(at) for at in self._at], np.float64)
        self._share = lengths / lengths.sum()
        self._ink, self._ink_from = _side_by_side(pages, device)
        sounds = [page.bands for page in pages]
        if recipe.rooms:
            room = np.random.default_rng([recipe.seed]).integers(len(decays), size=len(pages))
            sounds += [in_room(page.bands, decays[number]) for page, number in zip(pages, room.tolist(), strict=True)]
        self._bands, self._bands_from = _one_after_another(sounds, device)

    def samples(self, numbers: Sequence[int]) -> Samples:
        """The snippets with these numbers."""
        visits = [self._visit(number) for number in numbers]
        return Samples(
            snippets=self._look(visits),
            excerpts=self._listen(visits),
            places=torch.from_numpy(np.concatenate([v.places for v in visits])).float().to(self._device),
        )

    def _visit(self, number: int) -> _Visit:
        random, recipe = np.random.default_rng([self._recipe.seed, number]), self._recipe
        page = int(random.choice(len(self._share), p=self._share))
        at, is_onset = self._at[page], self._is_onset[page]
        in_a_room = recipe.rooms and random.random() < ROOM_SHARE
        scale = float(random.uniform(*SCALES)) if recipe.altered and random.random() < SCALE_SHARE else 1.0
        [first] = self._some(np.arange(len(at)), is_onset, 1, random)
        furthest = NEAR if random.random() < NEAR_SHARE else EDGE
        width = excerpt.WIDTH_PX * scale
        middle = at[first] - random.uniform(-furthest, furthest) * width
        left = 2 * round((middle - width / 2) / 2)  # pixels of the snippet are those of the strip at half its size
        within = np.flatnonzero(np.abs(at - (left + width / 2)) <= EDGE * width + 1)
        others = self._some(within, is_onset[within], recipe.frames - 1, random)
        frames = np.concatenate([[first], others])
        tempo, gain = random.uniform(-1, 1, (2, recipe.frames)) * recipe.altered
        tempo[random.random(recipe.frames) >= TEMPO_SHARE] = 0
        return _Visit(
            page=page,
            sound=page + len(self._at) * in_a_room,
            left=left,
            scale=scale,
            down=int(random.integers(-SHIFT_ROWS, SHIFT_ROWS + 1)) * recipe.altered,
            frames=frames,
            places=(at[frames] - left) * (BUCKETS / width),
            rates=2.0 ** (tempo * TEMPO_OCTAVES),
            gains=2.0 ** (gain * GAIN_OCTAVES),
        )

    def _some(
        self, frames: NDArray[np.int64], is_onset: NDArray[np.bool_], count: int, random: np.random.Generator
    ) -> NDArray[np.int64]:
        """``count`` of ``frames`` (n,), with replacement."""
        onsets = frames[is_onset]
        at_onsets = int(random.binomial(count, self._recipe.onset_share)) if len(onsets) else 0
        some = random.choice(onsets, at_onsets) if at_onsets else onsets[:0]
        return np.concatenate([some, random.choice(frames, count - at_onsets)])

    def _look(self, visits: Sequence[_Visit]) -> Tensor:
        """(V, 80, 256) the snippets, columns interpolated where they are scaled."""
        rows, columns = excerpt.SNIPPET
        middles = np.arange(columns) + 0.5
        source = np.stack([v.left / 2 + middles * v.scale - 0.5 for v in visits])
        low = np.floor(source)
        begins = np.array([self._ink_from[v.page] for v in visits])
        ends = np.array([self._ink_from[v.page + 1] - 1 for v in visits])  # the column before is white, and this one
        at = np.clip(low.astype(np.int64) + begins[:, None], begins[:, None] - 1, ends[:, None] - 1)
        row = SHIFT_ROWS - np.array([v.down for v in visits])[:, None, None] + np.arange(rows)
        where = torch.from_numpy(at).to(self._device)[:, :, None]
        row_at = torch.from_numpy(row).to(self._device)
        part = torch.from_numpy((source - low).astype(np.float32)).to(self._device)[:, :, None]
        ink = torch.lerp(self._ink[where, row_at].float(), self._ink[where + 1, row_at].float(), part)
        return (ink / 255).transpose(1, 2).contiguous()

    def _listen(self, visits: Sequence[_Visit]) -> Tensor:
        """(V * F, 78, 40) what is heard, at each moment's own tempo: frame f before is taken from f * rate before."""
        before = np.arange(sound.CONTEXT_FRAMES)[::-1]
        source = np.concatenate([v.frames[:, None] - before * v.rates[:, None] for v in visits])
        begins = np.repeat([self._bands_from[v.sound] for v in visits], self._recipe.frames)[:, None]
        low = np.floor(source)
        at = torch.from_numpy(np.maximum(low.astype(np.int64), -_SILENCE) + begins).to(self._device)
        part = torch.from_numpy((source - low).astype(np.float32)).to(self._device)[:, :, None]
        gains = torch.from_numpy(np.concatenate([v.gains for v in visits]).astype(np.float32)).to(self._device)
        bands = torch.lerp(self._bands[at].float(), self._bands[at + 1].float(), part) * gains[:, None, None]
        return as_heard(bands).transpose(1, 2).contiguous()


_SILENCE = int(np.ceil(sound.CONTEXT_FRAMES * 2**TEMPO_OCTAVES)) + 1
"""Rows of silence before the first frame of each page: the furthest that is listened back."""


def _side_by_side(pages: Sequence[StripPage], device: torch.device) -> tuple[Tensor, NDArray[np.int64]]:
    """The strips at half their size as ink, (columns, 80 + twice the shift) uint8, and (pages + 1,) where each begins.

    There are two white columns before each and after the last.
    """
    rows = excerpt.SNIPPET[0] + 2 * SHIFT_ROWS
    widths = np.array([(page.strip.image.shape[1] + 1) // 2 for page in pages])
    begins = np.concatenate([[2], 2 + np.cumsum(widths + 2)])
    ink = np.zeros((begins[-1], rows), np.uint8)
    for page, begin, width in zip(pages, begins, widths, strict=False):
        image = page.strip.image
        even = np.pad(image, ((0, 0), (0, image.shape[1] % 2)), constant_values=255)
        ink[begin : begin + width, SHIFT_ROWS:-SHIFT_ROWS] = np.round(excerpt.halved(even) * 255).T
    return torch.from_numpy(ink).to(device), begins


def _one_after_another(sounds: Sequence[NDArray[np.float16]], device: torch.device) -> tuple[Tensor, NDArray[np.int64]]:
    """Magnitudes of bands (rows, 78) float16, silence before each sound and after the last; and where each begins."""
    silence = np.zeros((_SILENCE, BANDS), np.float16)
    lengths = np.array([_SILENCE + len(bands) for bands in sounds])
    begins = np.concatenate([[0], np.cumsum(lengths)])[:-1] + _SILENCE
    parts = [part for bands in sounds for part in (silence, bands)]
    return torch.from_numpy(np.concatenate([*parts, silence[:1]])).to(device), begins
