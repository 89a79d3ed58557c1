"""The trackers ``mm-loc``, told where the systems are, and ``mm-loc-auto``, which finds them itself.

The page is unrolled into a strip, and a snippet of the strip is followed (``pursuit``). 20.00 frames a second are
heard, each centred on its time, so that the newest complete one reaches 1024 samples (46 ms) less far than what was
heard; it is what a position is based on.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baselines.mmloc.inference import Reader
from baselines.mmloc.network import load_network
from baselines.mmloc.pursuit import START_PX, Pursuit, find_all
from baselines.strip.sound import Listener, frames_heard
from baselines.strip.systems import find_systems
from baselines.strip.unroll import Strip, unroll
from scorebench.device import device_called
from scorebench.errors import DataError, MissingDependencyError
from scorebench.files import sha256_file
from scorebench.score import ScoreView
from scorebench.spectrogram import SpectrogramStream, cunet_recipe
from scorebench.timebase import samples_heard
from scorebench.tracker import Follower, Position, Positions, heard_s
from scorebench.weights import read_metadata

WEIGHTS = Path(__file__).with_name("weights")
"""What ships with the package."""
BOX_WIDTH_PX = 30
"""Of an answer, in pixels of the strip; it is as high as its system."""


class MMLocTracker:
    """MM-Loc (Dorfer, Arzt & Widmer 2016) with weights; ``seed`` changes nothing.

    Attributes:
        given: the systems, unless it finds them itself.
        identity: the sha256 of the weights.
        demo: whether the weights are not meant to compete; they say so themselves.
        device: where it runs.
    """

    def __init__(self, checkpoint: Path | str, device: str = "auto", finds_systems: bool = False) -> None:
        """Load the weights in ``checkpoint``, a .safetensors of ours.

        Raises:
            DataError: they are damaged or of another network.
            UsageError: they are missing, or there is no such device.
        """
        path, where = Path(checkpoint), device_called(device)
        self._reader = Reader(load_network(path).to(where))
        self._finds_systems = finds_systems
        self.given: frozenset[str] = frozenset() if finds_systems else frozenset({"systems"})
        self.identity = {"weights_sha256": sha256_file(path)}
        self.demo = read_metadata(path).get("demo") == "true"
        self.device = str(where)

    def open(self, score: ScoreView, seed: int) -> Follower:  # noqa: ARG002
        """Unroll the page and read its beginning.

        Raises:
            DataError: there is not one page, or there is nothing on it to unroll, where the systems are given.
        """
        if len(score.pages) != 1:
            raise DataError(f"MM-Loc follows one page at a time, not {len(score.pages)}; open each by itself")
        page = score.pages[0]
        if not self._finds_systems:
            return MMLocFollower(self._reader, unroll(page, score.systems), page.shape)
        try:
            strip = unroll(page, find_systems(page))
        except DataError:  # nothing on it looks like music: there is nothing to follow, and that is an answer, too
            return LostFollower()
        return MMLocFollower(self._reader, strip, page.shape)


def mm_loc(checkpoint: Path | str | None = None, device: str = "auto") -> MMLocTracker:
    """MM-Loc, told where the systems are; with our weights, or those in ``checkpoint``.

    Raises:
        MissingDependencyError: no weights came with this version.
        DataError: the checkpoint is damaged or of another network.
        UsageError: the checkpoint is missing, or there is no such device.
    """
    return MMLocTracker(_weights(checkpoint), device)


def mm_loc_auto(checkpoint: Path | str | None = None, device: str = "auto") -> MMLocTracker:
    """MM-Loc that finds the systems itself; weights and errors as of ``mm_loc``."""
    return MMLocTracker(_weights(checkpoint), device, finds_systems=True)


def _weights(checkpoint: Path | str | None) -> Path:
    path = Path(checkpoint) if checkpoint is not None else WEIGHTS / "mm-loc.safetensors"
    if not path.is_file() and checkpoint is None:
        raise MissingDependencyError(
            "no weights of mm-loc came with this version: train them (scorebench train mm-loc), then pass --checkpoint"
        )
    return path


class MMLocFollower:
    """Follows one performance of one page."""

    def __init__(self, reader: Reader, strip: Strip, page_shape: tuple[int, ...]) -> None:
        self._reader, self._strip, self._page_shape = reader, strip, page_shape
        self._pursuit, self._listener = Pursuit(reader, strip), Listener()
        self._samples = 0
        self._strip_x, self._confidence = float(START_PX), 0.0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them; before the first frame, at the beginning."""
        self._samples += len(samples)
        excerpts = self._listener.hear(samples)
        if len(excerpts):
            found = self._pursuit.find(self._reader.hear(excerpts))
            self._strip_x, self._confidence = float(found.strip_x[-1]), float(found.confidence[-1])
        return self._position(self._strip_x, self._confidence, self._samples)

    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` of ``audio``, heard from its beginning: those of ``hear``, the sound all at once."""
        heard = np.array([min(samples_heard(frame), len(audio)) for frame in frames.tolist()], np.int64)
        strip_x, confidence = [float(START_PX)], [0.0]  # before the first frame
        spectrum = SpectrogramStream(cunet_recipe()).push(audio[: heard.max(initial=0)])
        if len(spectrum):
            found = find_all(self._reader, self._strip, spectrum)
            strip_x, confidence = [*strip_x, *found.strip_x.tolist()], [*confidence, *found.confidence.tolist()]
        at = zip(frames_heard(heard).tolist(), heard.tolist(), strict=True)
        return Positions.from_list(frames, [self._position(strip_x[n], confidence[n], samples) for n, samples in at])

    def _position(self, strip_x: float, confidence: float, samples: int) -> Position:
        """The answer after ``samples``."""
        place = self._strip.to_page(strip_x)
        height, width = self._page_shape
        return Position(
            x_px=float(np.clip(place.x_px, 0, width)),
            y_px=float(np.clip(place.y_px, 0, height)),
            w_px=BOX_WIDTH_PX / float(self._strip.scale[place.system]),
            h_px=float(place.h_px),
            confidence=confidence,
            heard_s=heard_s(samples),
        )


class LostFollower:
    """On a page without any system: in its top left corner, with confidence 0."""

    def __init__(self) -> None:
        self._samples = 0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Counts what is heard."""
        self._samples += len(samples)
        return Position(0.0, 0.0, confidence=0.0, heard_s=heard_s(self._samples))
