"""How fast CUNet answers on one core, beside the plain network, which looks at the whole page for every answer."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.cunet.inference import Ears, Eyes, SoundEncoder
from baselines.cunet.network import CUNet, Design, network_from
from baselines.cunet.picture import see
from baselines.cunet.tracker import WEIGHTS
from scorebench.bench import Rows
from scorebench.bench.clock import one_core, sample_music, timed
from scorebench.samplepage import sample_recording
from scorebench.spectrogram import cunet_recipe, spectrogram
from scorebench.weights import read_checkpoint

HEARD_S = 10
ASKED = 8
"""Answers, spread evenly: of a page all take as long."""


def run() -> Rows:
    """One row: what a page, a frame of sound and an answer cost."""
    with one_core(), torch.inference_mode():
        return [_row(_network())]


def _network(path: Path = WEIGHTS / "cunet.safetensors") -> CUNet:
    """The weights that ship, or else untrained ones: speed does not depend on them."""
    if path.is_file():
        return network_from(read_checkpoint(path), path)
    torch.manual_seed(0)
    return CUNet(Design()).eval()


def _row(network: CUNet) -> dict[str, object]:
    page = see(sample_recording().pages[0].image)
    heard = spectrogram(sample_music(HEARD_S), cunet_recipe())
    eyes, ears = Eyes(network), Ears(SoundEncoder(network))
    eyes.look(eyes.read(page), ears.hear(heard[0]))  # loads compiled loops
    known, open_s = timed(partial(eyes.read, page))
    z, hear_s = timed(lambda: [ears.hear(frame) for frame in heard[1:]])
    asked = np.linspace(0, len(z) - 1, ASKED).astype(int).tolist()
    ours, look_s = timed(lambda: [eyes.look(known, z[number]) for number in asked])
    plain, plain_s = timed(lambda: [plain_mask(network, page, z[number]) for number in asked])
    look_ms, plain_ms = 1e3 * look_s / ASKED, 1e3 * plain_s / ASKED
    return {
        "opening (ms)": 1e3 * open_s,
        "hearing (ms a frame)": 1e3 * hear_s / len(z),
        "looking (ms an answer)": look_ms,
        "plain network (ms an answer)": plain_ms,
        "times faster": plain_ms / look_ms,
        "worst difference of a pixel": f"{max(np.abs(a - b).max() for a, b in zip(ours, plain, strict=True)):.1e}",
    }


def plain_mask(network: CUNet, page: NDArray[np.float32], z: Tensor) -> NDArray[np.float32]:
    """Probabilities (rows, columns), all computed anew, that ``page`` is marked when ``z`` (128,) is heard."""
    seen = network.read_page(torch.from_numpy(page)[None, None])
    mask: NDArray[np.float32] = network.look(seen, z.reshape(1, -1)).sigmoid()[0, 0].numpy()
    return mask
