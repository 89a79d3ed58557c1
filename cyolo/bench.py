"""How fast CYOLO answers, beside a plain rendering of the authors' schedule in the same run, on one core.

Their evaluation encodes the page again for every frame, and the sound from the page's beginning. Both compute the same:
the largest difference over all cells is a column of the table.
"""

import resource
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cyolo.checkpoint import load_network
from cyolo.conditioning import CHUNK_FRAMES
from cyolo.hearing import Hearing
from cyolo.network import Cyolo
from cyolo.page import network_input
from cyolo.tracker import WEIGHTS, CyoloFollower, Engine, engine_for
from scorebench.bench import Rows
from scorebench.bench.clock import one_core, sample_music, timed
from scorebench.filterbank import BANDS
from scorebench.samplepage import sample_recording
from scorebench.spectrogram import cyolo_recipe, spectrogram
from scorebench.timebase import HOP_SAMPLES, frames_complete, samples_heard

PAGES_S = (10, 40, 120)
ASKED_PLAIN = 12
"""Frames asked of the plain schedule, spread evenly over the page: it is slow."""

ASKED_EVERY = 5
"""Every so many frames there is an onset, and ours is asked: about as often as in music."""

LONG_S = 600

Size = Sequence[int]


def run() -> Rows:
    """One row a page length, and one for ten minutes of streaming."""
    with one_core(), torch.inference_mode():
        network = _network()
        page = sample_recording().pages[0].image
        peak = _peak_gflops()
        rows = [_compare(network, page, seconds, peak) for seconds in PAGES_S]
        return [*rows, _stream_long(network, page, rows[0])]


def _network() -> Cyolo:
    """The weights that ship, or else untrained ones: speed does not depend on them."""
    shipped = [WEIGHTS / f"{name}.safetensors" for name in ("cyolo-ir", "cyolo")]
    found: list[Path] = [path for path in shipped if path.is_file()]
    if found:
        return load_network(found[0])
    torch.manual_seed(0)
    return Cyolo().eval().requires_grad_(False)


def plain_logits(network: Cyolo, page: Tensor, audio: NDArray[np.float32]) -> Tensor:
    """Objectness of all cells after ``audio``, by the authors' schedule: everything from the beginning.

    Args:
        page: (416, 416).
        audio: what was heard since the page was opened, at least one frame.

    Returns:
        (3, 52, 52).
    """
    heard = torch.from_numpy(spectrogram(audio, cyolo_recipe()))
    conditioning = network.conditioning_network
    count = len(heard) // CHUNK_FRAMES
    window = nn.functional.pad(heard[-CHUNK_FRAMES:], (0, 0, max(0, CHUNK_FRAMES - len(heard)), 0))
    chunks = heard[: count * CHUNK_FRAMES].view(count, CHUNK_FRAMES, BANDS)
    h = conditioning.memories(conditioning.encode(chunks))[-1:] if count > 1 else conditioning.blank().h
    z = conditioning.mix(h, conditioning.encode(window[None]))
    return network.locate(network.see(page[None, None]), z)[0, 0, ..., 4]


def _compare(network: Cyolo, image: NDArray[np.uint8], seconds: int, peak: float) -> dict[str, object]:
    audio, page = sample_music(seconds), torch.from_numpy(network_input(image))
    last = frames_complete(len(audio)) - 1
    few = np.linspace(0, last, ASKED_PLAIN).astype(int)
    many = np.arange(0, last + 1, ASKED_EVERY)
    plain, plain_s = timed(lambda: [plain_logits(network, page, audio[: samples_heard(f)]) for f in few.tolist()])
    engine = engine_for(network)
    follower, open_s = timed(lambda: CyoloFollower(engine, image))
    _, ours_s = timed(lambda: follower.follow(audio, many))
    ours = _our_logits(network, page, audio, few)
    difference = max(float((a - b).abs().max()) for a, b in zip(plain, ours, strict=True))
    same = all(int(a.argmax()) == int(b.argmax()) for a, b in zip(plain, ours, strict=True))
    plain_ms, ours_ms = 1e3 * plain_s / len(few), 1e3 * ours_s / len(many)
    macs, read = work_a_frame(engine, page)
    again = torch.ones(read // 4)
    reading_s = min(timed(again.sum)[1] for _ in range(20))
    return {
        "page (s)": seconds,
        "plain (ms a frame)": plain_ms,
        "ours (ms a frame)": ours_ms,
        "times faster": plain_ms / ours_ms,
        "worst logit difference": f"{difference:.1e}",
        "same cell": "yes" if same else "NO",
        "opening (ms)": 1e3 * open_s,
        "million MACs a frame": macs / 1e6,
        "share of the core's peak": 2 * macs / 1e9 / (ours_ms / 1e3) / peak,
        "MB read a frame": read / 1e6,
        "reading alone (ms)": 1e3 * reading_s,
        "memory grown (MiB)": "",
    }


def _our_logits(network: Cyolo, page: Tensor, audio: NDArray[np.float32], frames: NDArray[np.int64]) -> list[Tensor]:
    """What is said streaming, at ``frames``."""
    engine = engine_for(network)
    hearing = Hearing(network.conditioning_network, engine.encode, page.device)
    locator = engine.open(page)
    found: list[Tensor] = []
    heard = 0
    for frame in frames.tolist():
        hearing.push(audio[heard : samples_heard(frame)])
        heard = samples_heard(frame)
        found.append(locator.logits(hearing.z())[0])
    return found


def _stream_long(network: Cyolo, image: NDArray[np.uint8], like: dict[str, object]) -> dict[str, object]:
    """Ten minutes, hop by hop; each hop is answered for the first minute, then every 20th, to save time."""
    follower = CyoloFollower(engine_for(network), image)
    music = sample_music(60)
    times: list[float] = []
    follower.hear(music[:HOP_SAMPLES])
    before = _memory_mib()
    for minute in range(LONG_S // 60):
        step = HOP_SAMPLES if minute == 0 else 20 * HOP_SAMPLES
        for begin in range(0, len(music), step):
            chunk = music[begin : begin + step]
            _, took = timed(partial(follower.hear, chunk))
            times += [took] if minute == 0 else []
    row: dict[str, object] = dict.fromkeys(like, "")
    row["page (s)"] = f"{LONG_S}, streamed"
    row["ours (ms a frame)"] = f"{1e3 * np.median(times):.2f}, 99 % below {1e3 * np.quantile(times, 0.99):.1f}"
    row["memory grown (MiB)"] = f"{_memory_mib() - before:.1f}"
    return row


class _Weights(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """What torch's operators are handed and none of them made: bytes by address."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.read: dict[int, int] = {}
        self._made: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for storage in _storages(args):
            if storage.data_ptr() not in self._made:
                self.read[storage.data_ptr()] = storage.nbytes()
        out = func(*args, **(kwargs or {}))
        self._made |= {storage.data_ptr() for storage in _storages(out)}
        return out


def _storages(values: Any) -> list[torch.UntypedStorage]:
    return [value.untyped_storage() for value in tree_leaves(values) if isinstance(value, Tensor)]


def work_a_frame(engine: Engine, page: Tensor) -> tuple[int, int]:
    """Of one answer, counted while it is computed.

    Returns:
        Multiplications in convolutions and products of matrices; bytes of weights and of what is kept of the page.
    """
    from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

    def of_onednn(x: Size, weight: Size, *_: Any, out_shape: Size) -> int:
        return int(conv_flop_count(list(x), list(weight), list(out_shape)))

    locator, conditioning = engine.open(page), engine.network.conditioning_network
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mkldnn_convolution: of_onednn})
    with _Weights() as weights, counter:
        x = engine.encode(torch.zeros(1, CHUNK_FRAMES, BANDS))
        locator.logits(conditioning.mix(conditioning.blank().h, x))
    return int(counter.get_total_flops()) // 2, sum(weights.read.values())


def _peak_gflops() -> float:
    """What a large convolution reaches on this core: the ceiling to compare with."""
    layer, x = nn.Conv2d(128, 128, 3, padding=1, bias=False), torch.rand(1, 128, 52, 52)
    least = min(timed(lambda: layer(x))[1] for _ in range(20))
    return 2 * 128 * 128 * 9 * 52 * 52 / 1e9 / least


def _memory_mib() -> float:
    """Memory that this process holds now; not a number where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * resource.getpagesize() / 2**20
