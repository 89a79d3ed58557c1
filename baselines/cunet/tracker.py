"""The trackers ``cunet-published`` and ``cunet``: the same network with the authors' weights, or with ours.

CUNet hears 20.00 frames a second, each centred on its time, so that the newest complete one reaches 1024 samples
(46 ms) less far than what was heard; it is what a position is based on.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from baselines.cunet.inference import Ears, Eyes, KnownPage, SoundEncoder
from baselines.cunet.network import network_from
from baselines.cunet.picture import Box, box_on_page, marked, see
from scorebench.errors import DataError
from scorebench.files import sha256_file
from scorebench.published import published
from scorebench.score import ScoreView
from scorebench.spectrogram import SpectrogramStream, cunet_recipe
from scorebench.tracker import Position, heard_s
from scorebench.weights import read_checkpoint, read_metadata

__all__ = ["CUNetFollower", "CUNetPublished", "CUNetTracker"]

OWN_WEIGHTS = Path(__file__).parent / "weights" / "cunet.safetensors"


class CUNetTracker:
    """CUNet (Henkel, Kelz & Widmer 2020), trained by this project: a U-Net marks in the page what is heard.

    Attributes:
        identity: the sha256 of the weights, and which network they are of.
        demo: whether the weights are not meant to compete; they say so themselves.

    Args:
        weights: a checkpoint of CB, FB or NTC, ``.pt`` or ``.safetensors``.

    Raises:
        DataError: the checkpoint is missing, damaged or of another network.
    """

    given: frozenset[str] = frozenset()
    device = "cpu"

    def __init__(self, weights: Path = OWN_WEIGHTS) -> None:
        network = network_from(read_checkpoint(weights), weights)
        self._eyes, self._sound = Eyes(network), SoundEncoder(network)
        design = f"{network.design.encoder} {'with' if network.design.recurrent else 'without'} LSTM"
        self.identity: Mapping[str, str] = {"weights_sha256": sha256_file(weights), "network": design}
        facts = read_metadata(weights) if weights.suffix == ".safetensors" else {}
        self.demo = facts.get("demo") == "true"

    def open(self, score: ScoreView, seed: int) -> "CUNetFollower":  # noqa: ARG002
        """Read the page; ``seed`` changes nothing.

        Raises:
            DataError: there is not one page, or it has not the proportions of one.
        """
        if len(score.pages) != 1:
            raise DataError(f"CUNet follows one page at a time, not {len(score.pages)}; open each by itself")
        page = score.pages[0]
        return CUNetFollower(self._eyes, self._eyes.read(see(page)), Ears(self._sound), page.shape)


class CUNetPublished(CUNetTracker):
    """CUNet (Henkel, Kelz & Widmer 2020) with the authors' weights (CB_TA), which have to be fetched.

    Args:
        weights: another checkpoint of theirs instead.

    Raises:
        MissingDependencyError: they were not fetched; the message says how.
        DataError: the checkpoint is missing, damaged or of another network.
    """

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(published("cunet-published") if weights is None else weights)


class CUNetFollower:
    """Follows one performance of one page.

    Every frame of the sound goes through its encoder and the LSTM; only the newest, when somebody asks, is looked for
    in the page. Where nothing is marked, the last position of an earlier frame stays, with confidence 0: then the
    frames that nobody asked for are looked at, newest first, so that the answer does not depend on who asked when.
    """

    def __init__(self, eyes: Eyes, page: KnownPage, ears: Ears, page_shape: tuple[int, ...]) -> None:
        self._eyes, self._page, self._ears, self._page_shape = eyes, page, ears, page_shape
        self._stream = SpectrogramStream(cunet_recipe())
        self._samples = 0
        self._box, self._confidence = Box(0.0, 0.0, 0.0, 0.0), 0.0

    def hear(self, samples: NDArray[np.float32]) -> Position:
        """Where the music is after ``samples``, any number of them; before the first mark, in the top left corner."""
        self._samples += len(samples)
        unseen = [self._ears.hear(frame) for frame in self._stream.push(samples)]
        if unseen:
            self._look(unseen)
        box = self._box
        return Position(
            box.x_px, box.y_px, box.w_px, box.h_px, confidence=self._confidence, heard_s=heard_s(self._samples)
        )

    def _look(self, unseen: list[Tensor]) -> None:
        """Find the newest of the frames ``unseen`` that is marked in the page."""
        self._confidence = 0.0
        for age, z in enumerate(reversed(unseen)):
            found = marked(self._eyes.look(self._page, z))
            if found is not None:
                self._box = box_on_page(found, self._page_shape)
                self._confidence = found.probability if age == 0 else 0.0
                return
