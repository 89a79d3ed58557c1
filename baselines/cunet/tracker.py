"""The trackers ``cunet-published`` and ``cunet``: the same network with the authors' weights, or with ours.

CUNet hears 20.00 frames a second, each centred on its time, so that the newest complete one reaches 1024 samples
(46 ms) less far than what was heard; it is what a position is based on.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.cunet.batches import PlainEyes
from baselines.cunet.inference import Ears, Eyes, SoundEncoder
from baselines.cunet.network import CUNet, check_config, network_from
from baselines.cunet.picture import Marked, box_on_page, marked, see
from scorebench.device import device_called
from scorebench.errors import DataError, MissingDependencyError
from scorebench.files import sha256_file
from scorebench.published import published
from scorebench.score import ScoreView
from scorebench.spectrogram import SpectrogramStream, cunet_recipe
from scorebench.timebase import WINDOW_SAMPLES, samples_heard
from scorebench.tracker import Position, Positions, heard_s
from scorebench.weights import CONFIG, read_checkpoint, read_metadata

WEIGHTS = Path(__file__).with_name("weights")
"""What ships with the package."""


class CUNetTracker:
    """CUNet (Henkel, Kelz & Widmer 2020) with weights: a U-Net marks in the page what is heard.

    Attributes:
        identity: the sha256 of the weights, and which network they are of.
        demo: whether the weights are not meant to compete; they say so themselves.
        device: where it runs.
    """

    given: frozenset[str] = frozenset()

    def __init__(self, checkpoint: Path | str, device: str = "auto") -> None:
        """Load the weights in ``checkpoint``: of CB, FB or NTC, a .safetensors of ours or a published .pt.

        A ``net_config.json`` beside a published one is read and must fit.

        Raises:
            DataError: they are damaged or of another network.
            UsageError: they are missing, or there is no such device.
        """
        path, where = Path(checkpoint), device_called(device)
        self._network = network_from(read_checkpoint(path), path).to(where)
        if path.suffix != ".safetensors" and (path.parent / CONFIG).is_file():
            check_config(path.parent / CONFIG, self._network.design)
        one_core = where.type == "cpu"
        self._eyes = Eyes(self._network) if one_core else PlainEyes(self._network)
        self._sound = SoundEncoder(self._network, one_core)
        self.device = str(where)
        design = f"{self._network.design.encoder} {'with' if self._network.design.recurrent else 'without'} LSTM"
        self.identity = {"weights_sha256": sha256_file(path), "network": design}
        facts = read_metadata(path) if path.suffix == ".safetensors" else {}
        self.demo = facts.get("demo") == "true"

    def open(self, score: ScoreView, seed: int) -> "CUNetFollower":  # noqa: ARG002
        """Read the page; ``seed`` changes nothing.

        Raises:
            DataError: there is not one page, or it has not the proportions of one.
        """
        if len(score.pages) != 1:
            raise DataError(f"CUNet follows one page at a time, not {len(score.pages)}; open each by itself")
        page = score.pages[0]
        if isinstance(self._eyes, PlainEyes):
            return BatchFollower(self._network, self._eyes, see(page), self._sound, page.shape)
        return CUNetFollower(self._eyes, self._eyes.read(see(page)), Ears(self._sound), page.shape)


def cunet(checkpoint: Path | str | None = None, device: str = "auto") -> CUNetTracker:
    """CUNet, trained by this project; with our weights, or those in ``checkpoint``.

    Raises:
        MissingDependencyError: no weights came with this version.
        DataError: the checkpoint is damaged or of another network.
        UsageError: the checkpoint is missing, or there is no such device.
    """
    path = Path(checkpoint) if checkpoint is not None else WEIGHTS / "cunet.safetensors"
    if not path.is_file() and checkpoint is None:
        raise MissingDependencyError(
            "no weights of cunet came with this version: train them (scorebench train cunet), then pass --checkpoint"
        )
    return CUNetTracker(path, device)


def cunet_published(checkpoint: Path | str | None = None, device: str = "auto") -> CUNetTracker:
    """CUNet with the authors' weights (CB_TA) as fetched by `scorebench weights get`, or others of theirs.

    Raises:
        MissingDependencyError: they were not fetched; the message says how.
        DataError: the checkpoint is damaged or of another network.
        UsageError: the checkpoint is missing, or there is no such device.
    """
    return CUNetTracker(published("cunet-published") if checkpoint is None else checkpoint, device)


class _Eyes(Protocol):
    def look(self, page: Any, z: Tensor) -> NDArray[np.float32]: ...


class CUNetFollower:
    """Follows one performance of one page.

    Every frame of the sound goes through its encoder and the LSTM; only the newest, when somebody asks, is looked for
    in the page.
    """

    def __init__(self, eyes: _Eyes, page: Any, ears: Ears, page_shape: tuple[int, ...]) -> None:
        self._eyes, self._page, self._ears, self._page_shape = eyes, page, ears, page_shape
        self._stream = SpectrogramStream(cunet_recipe())
        self._samples = 0
        self._found: Marked | None = None

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them; before the first frame, in the top left corner."""
        self._samples += len(samples)
        heard = [self._ears.hear(frame) for frame in self._stream.push(samples)]
        if heard:
            self._found = marked(self._eyes.look(self._page, heard[-1]))
        return self._position(self._found, self._samples)

    def _position(self, found: Marked | None, samples: int) -> Position:
        """The answer after ``samples``, where ``found`` is what was last found."""
        if found is None:
            return Position(0.0, 0.0, 0.0, 0.0, confidence=0.0, heard_s=heard_s(samples))
        box = box_on_page(found, self._page_shape)
        return Position(box.x_px, box.y_px, box.w_px, box.h_px, confidence=found.probability, heard_s=heard_s(samples))


class BatchFollower(CUNetFollower):
    """Follows one performance of one page with the plain network, wherever that is."""

    def __init__(
        self,
        network: CUNet,
        eyes: PlainEyes,
        page: NDArray[np.float32],
        sound: SoundEncoder,
        page_shape: tuple[int, ...],
    ) -> None:
        self._network, self._read, self._plain_eyes = network, eyes.read(page), eyes
        super().__init__(eyes, self._read, Ears(sound), page_shape)

    @torch.inference_mode()
    def follow(self, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> Positions:
        """Answers at ``frames`` of ``audio``, heard from its beginning: those of ``hear``, many at once."""
        recipe = cunet_recipe()
        heard = np.array([min(samples_heard(frame), len(audio)) for frame in frames.tolist()], np.int64)
        spectrum = SpectrogramStream(recipe).push(audio[: heard.max(initial=0)])
        ends = np.array([recipe.begins(frame) for frame in range(len(spectrum))]) + WINDOW_SAMPLES
        newest = np.searchsorted(ends, heard, side="right") - 1
        wanted = np.unique(newest[newest >= 0])
        found: dict[int, Marked] = {}
        if len(wanted):
            z = self._network.hear_page(torch.from_numpy(spectrum).to(self._network.conv_out.weight.device))
            found = dict(zip(wanted.tolist(), self._plain_eyes.find(self._read, z[wanted.tolist()]), strict=True))
        asked = zip(newest.tolist(), heard.tolist(), strict=True)
        return Positions.from_list(frames, [self._position(found.get(frame), samples) for frame, samples in asked])
