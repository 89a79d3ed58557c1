"""The trackers ``rl`` and ``rl-auto``: an agent that chooses its speed along the unrolled systems of a page.

One action a frame of CUNet, 20.00 a second. The agent is where its last action has brought it, so that an answer rests
on what was heard up to one frame ago. It draws its actions by their probabilities: the seed, together with the page,
decides all chances. It has no threshold here: who has lost the music goes on, and stays at the end of the strip.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.rl.agent import Agents
from baselines.rl.eyes import eyes_for
from baselines.rl.network import Network, network_from
from baselines.rl.views import Sheet, Sound, sound_view
from baselines.strip.sound import CONTEXT_FRAMES, frames_heard
from baselines.strip.systems import find_systems
from baselines.strip.unroll import PAGE_WIDTH_PX, Strip, unroll
from scorebench.device import device_called
from scorebench.errors import DataError, MissingDependencyError
from scorebench.files import sha256_file
from scorebench.filterbank import BANDS
from scorebench.score import ScoreView
from scorebench.spectrogram import SpectrogramStream, cunet_recipe
from scorebench.timebase import samples_heard
from scorebench.tracker import Follower, Position, Positions, heard_s
from scorebench.weights import read_checkpoint, read_metadata

WEIGHTS = Path(__file__).with_name("weights")
"""What ships with the package."""
BOX_PX = 10.0
"""Width of the box around a position, on a page 835 px wide: about a notehead."""
HEARD_AT_ONCE = 64
"""Frames that the network listens to together, where all of the sound is known."""


class RLTracker:
    """The agent of Henkel, Balke, Dorfer & Widmer (2019) with weights of ours.

    Attributes:
        given: the systems, unless it finds them by itself.
        identity: the sha256 of the weights, and which network they are of.
        demo: whether the weights are not meant to compete; they say so themselves.
        stochastic: that it draws its actions: a table is to show several seeds.
        device: where it runs.
    """

    stochastic = True

    def __init__(self, checkpoint: Path | str, device: str = "auto", finds_systems: bool = False) -> None:
        """Load the weights in ``checkpoint``, a .safetensors of ours.

        Raises:
            DataError: they are damaged or of another network.
            UsageError: they are missing, or there is no such device.
        """
        path, where = Path(checkpoint), device_called(device)
        self._network = network_from(read_checkpoint(path), path).to(where)
        self._finds_systems = finds_systems
        self.given: frozenset[str] = frozenset() if finds_systems else frozenset({"systems"})
        self.device = str(where)
        self.identity = {"weights_sha256": sha256_file(path), "network": self._network.design}
        facts = read_metadata(path) if path.suffix == ".safetensors" else {}
        self.demo = facts.get("demo") == "true"

    def open(self, score: ScoreView, seed: int) -> Follower:
        """Unroll the page; ``seed`` decides what the agent draws.

        Raises:
            DataError: there is not one page, or the systems that are given cannot be unrolled.
        """
        if len(score.pages) != 1:
            raise DataError(f"an agent follows one page at a time, not {len(score.pages)}; open each by itself")
        page = score.pages[0]
        if not self._finds_systems:
            return RLFollower(self._network, page, unroll(page, score.systems), seed)
        try:
            strip = unroll(page, find_systems(page))
        except DataError:
            return LostFollower(page.shape)
        return RLFollower(self._network, page, strip, seed)

    def follow_seeds(
        self, score: ScoreView, audio: NDArray[np.float32], frames: NDArray[np.int64], seeds: Sequence[int]
    ) -> list[Positions]:
        """What ``follow`` gives for each of ``seeds``, in less time: they share what is heard."""
        follower = self.open(score, seeds[0])
        if isinstance(follower, RLFollower):
            return follower.follow_seeds(audio, frames, seeds)
        assert isinstance(follower, LostFollower)  # noqa: S101 - there is no other
        return [follower.follow(audio, frames) for _ in seeds]


def rl(checkpoint: Path | str | None = None, device: str = "auto") -> RLTracker:
    """The agent, told where the systems are; with our weights, or those in ``checkpoint``.

    Raises:
        MissingDependencyError: no weights came with this version.
        DataError: the checkpoint is damaged or of another network.
        UsageError: the checkpoint is missing, or there is no such device.
    """
    return RLTracker(_weights(checkpoint), device)


def rl_auto(checkpoint: Path | str | None = None, device: str = "auto") -> RLTracker:
    """The agent that finds the systems by itself; otherwise as ``rl``. Where it finds none it is no help."""
    return RLTracker(_weights(checkpoint), device, finds_systems=True)


def _weights(checkpoint: Path | str | None) -> Path:
    path = Path(checkpoint) if checkpoint is not None else WEIGHTS / "rl.safetensors"
    if not path.is_file() and checkpoint is None:
        raise MissingDependencyError(
            "no weights of rl came with this version: train them (scorebench train rl), then pass --checkpoint"
        )
    return path


class RLFollower:
    """Follows one performance of one page."""

    def __init__(self, network: Network, page: NDArray[np.uint8], strip: Strip, seed: int) -> None:
        self._network, self._strip, self._seed = network, strip, seed
        self._eyes = eyes_for(network, Sheet(strip.image))
        self._page_crc, self._box_px = zlib.crc32(page.tobytes()), BOX_PX * page.shape[1] / PAGE_WIDTH_PX
        self._stream = SpectrogramStream(cunet_recipe())
        self._bands = np.zeros((CONTEXT_FRAMES + 1, BANDS), np.float32)
        self._agents = self._agents_of([seed])
        self._samples = 0

    def _agents_of(self, seeds: Sequence[int]) -> Agents:
        """An agent a seed; it has other chances on each page."""
        chances = [np.random.default_rng([abs(seed), int(seed < 0), self._page_crc]) for seed in seeds]
        return Agents(self._network, self._eyes, chances)

    @torch.inference_mode()
    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them."""
        self._samples += len(samples)
        for frame in self._stream.push(samples):
            self._bands = np.concatenate([self._bands[1:], frame[None]])
            self._agents.hear(self._listen(sound_view(self._bands)[None]))
        heard = np.array([self._samples])
        [row] = self._positions(heard, heard, self._agents.places, self._agents.confidence).to_table().to_numpy()
        _, x, y, w, h, page, confidence, seconds = row.tolist()
        return Position(x, y, w, h, int(page), confidence, seconds)

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` of ``audio``, heard from its beginning: those of ``hear``; listens to many at once."""
        return self.follow_seeds(audio, frames, [self._seed])[0]

    @torch.inference_mode()
    def follow_seeds(
        self, audio: NDArray[np.float32], frames: NDArray[np.int64], seeds: Sequence[int]
    ) -> list[Positions]:
        """The same for each of ``seeds``: agents side by side, who share what is heard."""
        samples = np.array([min(samples_heard(frame), len(audio)) for frame in frames.tolist()], np.int64)
        sound = Sound(SpectrogramStream(cunet_recipe()).push(audio[: samples.max(initial=0)]))
        agents = self._agents_of(seeds)
        places, confidence = [agents.places], [agents.confidence]  # before the first frame is complete
        for first in range(0, sound.frames, HEARD_AT_ONCE):
            some = range(first, min(first + HEARD_AT_ONCE, sound.frames))
            for heard in self._listen(np.stack([sound.view(frame) for frame in some])):
                agents.hear(heard[None])
                places.append(agents.places)
                confidence.append(agents.confidence)
        newest = frames_heard(samples)
        at, sure = np.stack(places)[newest], np.stack(confidence)[newest]
        return [self._positions(frames, samples, at[:, n], sure[:, n]) for n in range(len(seeds))]

    def _listen(self, views: NDArray[np.float32]) -> Tensor:
        """(n, 2, 78, 40) to (n, size)."""
        return self._network.towers.hear(torch.from_numpy(views).to(self._network.device))

    def _positions(
        self,
        frames: NDArray[np.int64],
        samples: NDArray[np.int64],
        places: NDArray[np.int64],
        confidence: NDArray[np.float64],
    ) -> Positions:
        """Answers after ``samples``, for columns of the strip; all (n,)."""
        on_page = self._strip.to_page(places + 0.5)
        width = np.full(len(places), self._box_px)
        seconds = np.array([heard_s(count) for count in samples.tolist()])
        page = np.zeros(len(places), np.int64)
        return Positions(frames, on_page.x_px, on_page.y_px, width, on_page.h_px, page, confidence, seconds)


class LostFollower:
    """Knows nothing: it points to the middle of the page."""

    def __init__(self, page_shape: tuple[int, ...]) -> None:
        self._y_px, self._x_px = page_shape[0] / 2, page_shape[1] / 2
        self._samples = 0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """The middle of the page, with no confidence."""
        self._samples += len(samples)
        return self._position(self._samples)

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """The same at all ``frames``."""
        samples = [min(samples_heard(frame), len(audio)) for frame in frames.tolist()]
        return Positions.from_list(frames, [self._position(count) for count in samples])

    def _position(self, samples: int) -> Position:
        return Position(self._x_px, self._y_px, confidence=0.0, heard_s=heard_s(samples))
