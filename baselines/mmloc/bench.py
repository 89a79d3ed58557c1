"""How fast MM-Loc answers, on one core: opening a page, each hop of the stream, and a whole page at once."""

from functools import partial

import numpy as np
import torch

from baselines.mmloc.inference import Reader
from baselines.mmloc.network import Design, MMLoc, load_network
from baselines.mmloc.pursuit import FRAMES_A_SNIPPET
from baselines.mmloc.tracker import WEIGHTS, MMLocFollower
from baselines.strip import excerpt, sound
from baselines.strip.systems import find_systems
from baselines.strip.unroll import unroll
from scorebench.bench import Rows
from scorebench.bench.clock import one_core, sample_music, timed
from scorebench.samplepage import sample_recording
from scorebench.timebase import HOP_SAMPLES, frames_complete

STREAMED_S = 60
ASKED_EVERY = 5
"""Every so many frames there is an onset, and a page all at once is asked: about as often as in music."""


def run() -> Rows:
    """One row each for ``mm-loc`` and ``mm-loc-auto``; they differ in what opening a page takes."""
    with one_core():
        network = _network()
        reader = Reader(network)
        return [_row("mm-loc", network, reader, False), _row("mm-loc-auto", network, reader, True)]


def _network() -> MMLoc:
    """The weights that ship, or else untrained ones: speed does not depend on them."""
    path = WEIGHTS / "mm-loc.safetensors"
    if path.is_file():
        return load_network(path)
    torch.manual_seed(0)
    return MMLoc(Design()).eval().requires_grad_(False)


def _row(name: str, network: MMLoc, reader: Reader, finds_systems: bool) -> dict[str, object]:
    page = sample_recording().pages[0]
    image = page.image

    def open_page() -> MMLocFollower:
        return MMLocFollower(reader, unroll(image, find_systems(image) if finds_systems else page.systems), image.shape)

    follower = open_page()  # the first one also warms everything up
    open_ms = 1e3 * min(timed(open_page)[1] for _ in range(5))
    music = sample_music(STREAMED_S)
    hops = [music[begin : begin + HOP_SAMPLES] for begin in range(0, len(music), HOP_SAMPLES)]
    times = 1e3 * np.array([timed(partial(follower.hear, hop))[1] for hop in hops])
    asked = np.arange(0, frames_complete(len(music)), ASKED_EVERY)
    _, page_s = timed(partial(open_page().follow, music, asked))
    return {
        "tracker": name,
        "opening (ms)": open_ms,
        "mean (ms a hop)": times.mean(),
        "median (ms a hop)": np.median(times),
        "99 % below (ms)": np.quantile(times, 0.99),
        "times real time, streamed": STREAMED_S / (times.sum() / 1e3),
        "times real time, all at once": STREAMED_S / page_s,
        "million MACs a hop": macs_a_hop(network) / 1e6,
    }


def macs_a_hop(network: MMLoc) -> float:
    """Multiplications that one answer needs on average: a snippet is read for every fifth."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as seeing:
        seen = network.see(torch.zeros(1, *excerpt.SNIPPET))
    with FlopCounterMode(display=False) as hearing:
        network.locate(seen, network.hear(torch.zeros(1, *sound.SNIPPET)))
    return (int(seeing.get_total_flops()) / FRAMES_A_SNIPPET + int(hearing.get_total_flops())) / 2
