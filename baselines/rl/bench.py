"""How fast the agent answers, on one core: opening a page, each frame as it is heard, and a page heard at once."""

from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from baselines.rl.network import TOWERS, Network
from baselines.rl.tracker import RLFollower
from baselines.strip.unroll import unroll
from scorebench.bench import Rows
from scorebench.bench.clock import sample_music, timed
from scorebench.samplepage import sample_recording
from scorebench.timebase import HOP_SAMPLES, SAMPLE_RATE, frames_complete

SECONDS = 40
SEEDS = 10


def run() -> Rows:
    """One row a network. Their weights are those of chance: speed does not depend on them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_measure(design) for design in TOWERS]
    finally:
        torch.set_num_threads(threads)


def _measure(design: str) -> dict[str, object]:
    torch.manual_seed(0)
    network = Network(design).eval().requires_grad_(False)
    page = sample_recording().pages[0]
    audio = sample_music(SECONDS)
    frames = np.arange(frames_complete(len(audio)))
    _open(network, page.image, page.systems).hear(audio[:HOP_SAMPLES])  # what is done once a process
    follower, open_s = timed(lambda: _open(network, page.image, page.systems))
    chunks = [audio[begin : begin + HOP_SAMPLES] for begin in range(0, len(audio), HOP_SAMPLES)]
    hops = [timed(partial(follower.hear, chunk))[1] for chunk in chunks]
    _, whole_s = timed(lambda: follower.follow(audio, frames))
    _, seeds_s = timed(lambda: follower.follow_seeds(audio, frames, range(SEEDS)))
    return {
        "network": design,
        "parameters": sum(p.numel() for p in network.parameters()),
        "million MACs a frame": macs_a_frame(network) / 1e6,
        "opening (ms)": 1e3 * open_s,
        "a hop (ms)": 1e3 * float(np.median(hops)),
        "99 % below (ms)": 1e3 * float(np.quantile(hops, 0.99)),
        "times real time": HOP_SAMPLES / SAMPLE_RATE / float(np.mean(hops)),
        "by follow": SECONDS / whole_s,
        f"{SEEDS} seeds by follow_seeds": SECONDS * SEEDS / seeds_s,
    }


def _open(network: Network, image: NDArray[np.uint8], systems: pd.DataFrame) -> RLFollower:
    return RLFollower(network, image, unroll(image, systems), 0)


def macs_a_frame(network: Network) -> int:
    """Multiplications that one decision needs: counted while it is made."""
    from torch.utils.flop_counter import FlopCounterMode

    from baselines.rl.views import SCORE_SHAPE, SOUND_SHAPE

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network({"perf": torch.zeros(1, *SOUND_SHAPE), "score": torch.zeros(1, *SCORE_SHAPE)})
    return int(counter.get_total_flops()) // 2
