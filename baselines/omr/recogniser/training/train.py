"""Train the marker on labelled pages: python -m baselines.omr.recogniser.training.train LABELS WEIGHTS.

Deterministic for a number of steps and a folder of pages, on one machine. About a second a step on one core with
bfloat16 arithmetic.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from baselines.omr.recogniser.network import Answer, Marker
from baselines.omr.recogniser.training import shelf
from baselines.omr.recogniser.training.labels import LabelledPage
from baselines.omr.recogniser.training.loss import loss
from baselines.omr.recogniser.training.targets import crop
from scorebench.weights import load_into, read_checkpoint, save_weights

CROPS = 4
"""In a step."""

LEARNING_RATE, DECAY, WARM_UP = 2e-3, 1e-2, 50
REPORT_EVERY = 10


def batch(pages: Sequence[LabelledPage], step: int, seed: int) -> tuple[Tensor, ...]:
    """Ink, kinds, strokes, properties and offsets of a step; they depend on the pages, the step and the seed alone."""
    random = np.random.default_rng((seed, step))
    crops = [crop(pages[int(random.integers(len(pages)))], random) for _ in range(CROPS)]
    names = ("ink", "kinds", "strokes", "properties", "offsets")
    ink, *rest = (torch.from_numpy(np.stack([getattr(c, name) for c in crops])) for name in names)
    return ink[:, None].contiguous(memory_format=torch.channels_last), *rest


def in_full(answer: Answer) -> Answer:
    """In float32, for the loss."""
    said = {name: logits.float() for name, logits in answer.properties.items()}
    return Answer(answer.kinds.float(), answer.strokes.float(), said, answer.offsets.float())


def train(folder: Path, out: Path, steps: int, seed: int, begin: Path | None, rate: float = LEARNING_RATE) -> None:
    """Train for ``steps`` and write the weights; pages that come into ``folder`` meanwhile are used from then on."""
    torch.manual_seed(seed)
    net = Marker()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if begin is not None:
        load_into(net, _in_single(read_checkpoint(begin)), begin)
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=min(WARM_UP / steps, 0.12))
    known: dict[Path, LabelledPage] = {}
    said: dict[str, float] = {}
    began = time.monotonic()
    for step in range(steps):
        if step % 50 == 0:
            known |= {path: shelf.take(path) for path in sorted(folder.glob("*.npz")) if path not in known}
        ink, *wanted = batch([page for page in known.values() if page.symbols], step, seed)
        with torch.autocast("cpu", torch.bfloat16):
            answer = net(ink)
        parts = loss(in_full(answer), *wanted)
        optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(parts.values())).sum())
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        for name, value in ((n, float(p.detach())) for n, p in parts.items()):
            said[name] = 0.95 * said.get(name, value) + 0.05 * value
        if step % REPORT_EVERY == 0 or step == steps - 1:
            print(f"{step} {time.monotonic() - began:.0f} s, {len(known)} pages: {_shown(said)}", flush=True)
            save(net, out, {"steps": str(step + 1), "of": str(steps), "seed": str(seed), "pages": str(len(known))})


def _in_single(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights are kept in half precision."""
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def _shown(losses: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in losses.items())


def save(net: Marker, out: Path, facts: dict[str, str]) -> None:
    """Write the weights in half precision."""
    state = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    save_weights(out, state, facts)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path, help="folder of labelled pages, made by collect and snippets")
    parser.add_argument("weights", type=Path, help="safetensors to write")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="weights to begin with")
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="of learning, at its highest")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    train(asked.labels, asked.weights, asked.steps, asked.seed, asked.begin, asked.rate)


if __name__ == "__main__":
    main()
