"""The trackers `cyolo` and `cyolo-ir`: nothing given but the page.

They have the semantics of the authors' evaluation, streaming or not: the answer at a frame is the most likely box of
the page, with what was heard since the page was opened.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyolo.checkpoint import load_network
from cyolo.hearing import Hearing, z_at
from cyolo.inference import Locator
from cyolo.network import Cyolo
from cyolo.onecore import Ears, Eyes
from cyolo.page import Scale, network_input, scale_of
from cyolo.sharing import OpenPages
from scorebench.device import device_called
from scorebench.errors import MissingDependencyError, TrackerError
from scorebench.files import sha256_file
from scorebench.score import ScoreView
from scorebench.spectrogram import cyolo_recipe, spectrogram
from scorebench.timebase import frames_complete, samples_heard
from scorebench.tracker import Job, Position, Positions, heard_s
from scorebench.weights import published, read_card

WEIGHTS = Path(__file__).with_name("weights")
"""What ships with the package."""


class CyoloTracker:
    """A conditional YOLO with weights; ``seed`` changes nothing.

    Attributes:
        identity: sha256 of the weights.
        demo: whether the weights are a demonstration: trained too briefly to stand for the method.
        device: where it runs.
    """

    given: frozenset[str] = frozenset()

    def __init__(self, checkpoint: Path | str, device: str = "auto") -> None:
        """Load the weights in ``checkpoint``: a .safetensors of ours or a published .pt.

        Raises:
            DataError: they are damaged or of another model.
            UsageError: they are missing, or there is no such device.
        """
        path = Path(checkpoint)
        where = device_called(device)
        self._engine = engine_for(load_network(path).to(where))
        self.identity = {"weights_sha256": sha256_file(path)}
        self.demo = bool(read_card(path).get("demo", False))
        self.device = str(where)

    def open(self, score: ScoreView, seed: int) -> "CyoloFollower":  # noqa: ARG002
        """Look at the page, once.

        Raises:
            TrackerError: there is more than one page.
        """
        return CyoloFollower(self._engine, _only_page(score))


class CyoloInBatches(CyoloTracker):
    """CYOLO on a GPU: pages that are followed together share their batches."""

    @torch.inference_mode()
    def follow_many(self, jobs: Sequence[Job], seed: int) -> list[Positions]:  # noqa: ARG002
        """One trajectory a job: what ``CyoloFollower.follow`` gives, but frames of all pages share batches.

        Raises:
            TrackerError: a job has more than one page.
        """
        engine, images = self._engine, [_only_page(score) for score, _, _ in jobs]
        inputs = torch.from_numpy(np.stack([network_input(image) for image in images]))
        pages = OpenPages(engine.network, inputs.to(self.device))
        heard, counts = zip(*(z_of(engine, audio, frames) for _, audio, frames in jobs), strict=True)
        sizes = [len(z) for z in heard]
        of = torch.repeat_interleave(torch.arange(len(jobs)), torch.tensor(sizes)).to(self.device)
        parts = zip(torch.split(torch.cat(heard), engine.batch), torch.split(of, engine.batch), strict=True)
        boxes = [Locator(engine.network, pages.some(those).features).best(z).rows() for z, those in parts]
        return [
            Positions.from_list(frames, _positions(rows, count, scale_of(*image.shape)))
            for (_, _, frames), image, rows, count in zip(
                jobs, images, np.split(np.concatenate(boxes), np.cumsum(sizes)[:-1]), counts, strict=True
            )
        ]


def _only_page(score: ScoreView) -> NDArray[np.uint8]:
    if len(score.pages) != 1:
        raise TrackerError(f"CYOLO follows one page at a time, and was opened on {len(score.pages)}")
    return score.pages[0]


class Engine(Protocol):
    """What computes: on a CPU frame by frame, on a GPU in batches.

    Attributes:
        batch: frames answered at once.
    """

    network: Cyolo
    batch: int

    def encode(self, windows: Tensor) -> Tensor:
        """(N, 40, 78) to (N, 32)."""
        ...

    def open(self, page: Tensor) -> Locator:
        """A page, (416, 416)."""
        ...


class _OneCore:
    batch = 1

    def __init__(self, network: Cyolo) -> None:
        self.network = network
        self._eyes = Eyes(network)
        self.encode = Ears(network).encode

    def open(self, page: Tensor) -> Locator:
        known = self._eyes.read(page)
        return Locator(self.network, lambda z: self._eyes.look(known, z[0]))


class _Batches:
    batch = 64

    def __init__(self, network: Cyolo) -> None:
        self.network = network
        self.encode = network.conditioning_network.encode

    def open(self, page: Tensor) -> Locator:
        return Locator(self.network, OpenPages(self.network, page[None]).features)


def engine_for(network: Cyolo) -> Engine:
    """What is fastest on the device where ``network`` is."""
    return _OneCore(network) if next(network.parameters()).device.type == "cpu" else _Batches(network)


class CyoloFollower:
    """Follows one performance of one page."""

    def __init__(self, engine: Engine, image: NDArray[np.uint8]) -> None:
        self._engine, self._conditioning = engine, engine.network.conditioning_network
        self._device = next(engine.network.parameters()).device
        self._scale = scale_of(*image.shape)
        with torch.inference_mode():
            self._locator = engine.open(torch.from_numpy(network_input(image)).to(self._device))
            self._hearing = Hearing(self._conditioning, engine.encode, self._device)
        self._said: tuple[int, Position] | None = None

    @torch.inference_mode()
    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them."""
        self._hearing.push(samples)
        count = self._hearing.frames
        if self._said is None or self._said[0] != count:
            box = self._locator.best(self._hearing.z())
            self._said = (count, _positions(box.rows(), np.array([count]), self._scale)[0])
        return self._said[1]

    @torch.inference_mode()
    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` of ``audio``, heard from its beginning: those of ``hear``, in batches on a GPU."""
        z, counts = z_of(self._engine, audio, frames)
        boxes = np.concatenate([self._locator.best(part).rows() for part in torch.split(z, self._engine.batch)])
        return Positions.from_list(frames, _positions(boxes, counts, self._scale))


def z_of(engine: Engine, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> tuple[Tensor, NDArray[np.int64]]:
    """What has been heard of ``audio`` at each of n ``frames``: z (n, 128), and of how many frames of sound (n,)."""
    network = engine.network.conditioning_network
    counts = np.array([frames_complete(min(samples_heard(f), len(audio))) for f in frames.tolist()], np.int64)
    last = samples_heard(int(counts.max(initial=0)) - 1)
    heard = torch.from_numpy(spectrogram(audio[:last], cyolo_recipe())).to(next(network.parameters()).device)
    return z_at(network, engine.encode, heard, counts, engine.batch), counts


def _positions(boxes: NDArray[np.float64], counts: NDArray[np.int64], scale: Scale) -> list[Position]:
    """``boxes`` (n, 5) are ``Box.rows``; ``counts`` (n,) is how many frames each is based on."""
    said = []
    for (x, y, w, h, confidence), count in zip(boxes.tolist(), counts.tolist(), strict=True):
        page_x, page_y = scale.to_page(x, y)
        seconds = heard_s(samples_heard(count - 1)) if count else 0.0
        said.append(Position(page_x, page_y, w * scale.factor, h * scale.factor, 0, confidence, seconds))
    return said


def _own(name: str, checkpoint: Path | str | None, device: str) -> CyoloTracker:
    path = Path(checkpoint) if checkpoint is not None else WEIGHTS / f"{name}.safetensors"
    if not path.is_file() and checkpoint is None:
        raise MissingDependencyError(
            f"no weights of {name} came with this version: train them (scorebench train {name}), then pass --checkpoint"
        )
    return _with_weights(path, device)


def _with_weights(path: Path, device: str) -> CyoloTracker:
    return (CyoloTracker if device_called(device).type == "cpu" else CyoloInBatches)(path, device)


def cyolo(checkpoint: Path | str | None = None, device: str = "auto") -> CyoloTracker:
    """CYOLO, trained on synthetic sound alone; with our weights, or those in ``checkpoint``."""
    return _own("cyolo", checkpoint, device)


def cyolo_ir(checkpoint: Path | str | None = None, device: str = "auto") -> CyoloTracker:
    """CYOLO-IR, trained with impulse responses of rooms; with our weights, or those in ``checkpoint``."""
    return _own("cyolo-ir", checkpoint, device)


def cyolo_published(device: str = "auto") -> CyoloTracker:
    """CYOLO with the authors' weights, as fetched by `scorebench weights get`."""
    return _with_weights(published("cyolo-published"), device)


def cyolo_ir_published(device: str = "auto") -> CyoloTracker:
    """CYOLO-IR with the authors' weights, as fetched by `scorebench weights get`."""
    return _with_weights(published("cyolo-ir-published"), device)
