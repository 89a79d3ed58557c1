"""Passages: some frames of a page in a row. A batch is one passage from each of a few desks.

At each desk one page after another is played, from its beginning to its end, passage by passage, so that what was
heard can be remembered from one passage to the next. Which passage a desk plays at a step follows from the numbers of
the desk and of the step alone, so that a training goes on after a kill with just the passages that were to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.cunet.network import windows_of
from scorebench.learning.lessons import Look
from scorebench.learning.pages import TrainingPage
from scorebench.learning.pitches import Pitches
from scorebench.learning.sound import FULL_SCALE, Ear, as_heard, at_tempo, frames_at_tempo

TEMPO = (0.5, 2.0)
TEMPO_SHARE = 0.5
LATEST_FRAMES = 3
_ORDER, _PLAYING, _LOOKING, _HEARING, _ASKING = 0, 1, 2, 3, 4
"""What randomness is for."""


@dataclass(frozen=True)
class Recipe:
    """What passages are made of.

    Attributes:
        frames: of a passage.
        every: of so many of them in a row one, any, is looked for in the page; the others are heard only.
        seed: of all randomness.
    """

    frames: int = 16
    every: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Playing:
    """A page as it is played once.

    Attributes:
        page: its number.
        rate: of the tempo.
        down, right: how far it is moved, in pixels of the picture.
        passages: how many there are from its beginning to its end.
    """

    page: int
    rate: float
    down: int
    right: int
    passages: int


@dataclass(frozen=True)
class Passage:
    """T frames of a page, of which N are looked for in it.

    Attributes:
        picture: (rows, columns) float32, 1 is ink.
        windows: (T, 78, 40), the last frames heard at each.
        asked: (N,) int64, which of the T they are.
        boxes: (N, 4) float32, centre x, y, width and height of what sounds then, in pixels of the picture.
        opens: whether nothing of the page was heard before.
    """

    picture: Tensor
    windows: Tensor
    asked: Tensor
    boxes: Tensor
    opens: bool


@dataclass(frozen=True)
class Excerpts:
    """N moments of a page, in order but not in a row, for lessons.

    Attributes:
        picture: (rows, columns) float32, 1 is ink.
        windows: (N, 78, 40), the last frames heard at each.
        struck: (N, 88) the keys struck last.
        boxes: (N, 4) float32, as in passages.
    """

    picture: Tensor
    windows: Tensor
    struck: Tensor
    boxes: Tensor


class Repertoire:
    """Pages that can be played.

    Args:
        ear: on the device where passages are made.
        pitches: of each page, for lessons.
    """

    def __init__(
        self, pages: Sequence[TrainingPage], ear: Ear, recipe: Recipe, pitches: Sequence[Pitches] = ()
    ) -> None:
        self.recipe = recipe
        self._pages, self._ear, self._pitches = pages, ear, pitches
        device = ear.window.device
        self._pictures = [torch.from_numpy(page.picture).to(device) for page in pages]
        self._audio = [torch.from_numpy(page.audio).to(device) for page in pages]
        self._order: tuple[int, list[int]] = (-1, [])

    def playing(self, number: int) -> Playing:
        """The playing of that number: each page comes once before any comes again."""
        index = self._page_at(number)
        page = self._pages[index]
        random = np.random.default_rng([self.recipe.seed, _PLAYING, number])
        rate = float(random.uniform(*TEMPO)) if random.random() < TEMPO_SHARE else 1.0
        down, right = page.some_shift(random)
        return Playing(
            page=index,
            rate=rate,
            down=down,
            right=right,
            passages=-(-frames_at_tempo(page.frames, rate) // self.recipe.frames),
        )

    def _page_at(self, number: int) -> int:
        time, place = divmod(number, len(self._pages))
        if self._order[0] != time:
            random = np.random.default_rng([self.recipe.seed, _ORDER, time])
            self._order = (time, random.permutation(len(self._pages)).tolist())
        return self._order[1][place]

    def windows(self, playing: Playing) -> Tensor:
        """(passages * frames, 78, 40), the last frames heard at each frame, a view; silent before and after."""
        samples = self._audio[playing.page].float() / FULL_SCALE
        return windows_of(as_heard(at_tempo(self._ear(samples), playing.rate)), playing.passages * self.recipe.frames)

    def picture(self, playing: Playing) -> Tensor:
        """(rows, columns) float32, 1 is ink: the page, moved."""
        return self._moved(playing.page, playing.down, playing.right)

    def _moved(self, index: int, down: int, right: int) -> Tensor:
        return torch.roll(self._pictures[index], (down, right), (0, 1)).float() / 255

    def boxes(self, playing: Playing, frames: NDArray[np.int64]) -> Tensor:
        """(n, 4): where what sounds is at ``frames``. After the end it stays where it was."""
        boxes = self._pages[playing.page].boxes_at(_as_recorded(frames, playing.rate))
        boxes[:, :2] += np.array([playing.right, playing.down], np.float32)
        return torch.from_numpy(boxes).to(self._ear.window.device)

    def asked(self, desk: int, step: int) -> NDArray[np.int64]:
        """(N,) the frames that are looked for in the passage of a desk at ``step``: one of each ``recipe.every``."""
        random = np.random.default_rng([self.recipe.seed, _ASKING, desk, step])
        first = np.arange(0, self.recipe.frames, self.recipe.every)
        return random.integers(first, np.minimum(first + self.recipe.every, self.recipe.frames))

    def excerpts(self, number: int) -> Excerpts:
        """As many moments as a passage has, soon after onsets anywhere on the page of the playing of that number.

        In the frame of an onset itself what was struck is hardly heard yet, so that moments are up to 3 frames later.
        """
        playing = self.playing(number)
        random = np.random.default_rng([self.recipe.seed, _HEARING, number])
        windows, page, count = self.windows(playing), self._pages[playing.page], self.recipe.frames
        onsets = np.ceil(page.onset_frame[page.onset_frame < page.frames] / playing.rate).astype(np.int64)
        some = random.choice(onsets, count, replace=count > len(onsets))
        frames = np.sort(np.minimum(some + random.integers(1, LATEST_FRAMES + 1, count), len(windows) - 1))
        struck = self._pitches[playing.page].struck(_as_recorded(frames, playing.rate)).to(windows.device)
        return Excerpts(self.picture(playing), windows[frames], struck, self.boxes(playing, frames))

    def look(self, number: int) -> Look:
        """The page of that number, any as likely as another, moved about, for lessons."""
        random = np.random.default_rng([self.recipe.seed, _LOOKING, number])
        index = int(random.integers(len(self._pages)))
        down, right = self._pages[index].some_shift(random)
        return self._pitches[index].look(self._moved(index, down, right), down, right)


def _as_recorded(frames: NDArray[np.int64], rate: float) -> NDArray[np.int64]:
    """The frames of a sound from which ``frames`` of it at another tempo are taken."""
    source: NDArray[np.int64] = np.floor(frames * rate + 1e-9).astype(np.int64)
    return source


class Desk:
    """Where one page after another is played.

    Args:
        number: of this desk, of as many as ``desks``.
    """

    def __init__(self, repertoire: Repertoire, number: int, desks: int) -> None:
        self._repertoire, self._number, self._desks = repertoire, number, desks
        self._begin()
        self._open: tuple[int, Tensor, Tensor] | None = None

    def _begin(self) -> None:
        self._played, self._since = 0, 0
        self._playing = self._repertoire.playing(self._number)

    def passage(self, step: int) -> Passage:
        """The passage at ``step``."""
        self._turn_to(step)
        if self._open is None or self._open[0] != self._played:
            windows, picture = self._repertoire.windows(self._playing), self._repertoire.picture(self._playing)
            self._open = (self._played, windows, picture)
        count = self._repertoire.recipe.frames
        first = (step - self._since) * count
        _, windows, picture = self._open
        asked = self._repertoire.asked(self._number, step)
        boxes = self._repertoire.boxes(self._playing, first + asked)
        heard = windows[first : first + count]
        return Passage(picture, heard, torch.from_numpy(asked).to(heard.device), boxes, opens=first == 0)

    def _turn_to(self, step: int) -> None:
        """Find what is played at ``step``."""
        if step < self._since:
            self._begin()
        while step >= self._since + self._playing.passages:
            self._since += self._playing.passages
            self._played += 1
            self._playing = self._repertoire.playing(self._number + self._played * self._desks)
