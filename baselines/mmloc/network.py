"""MM-Loc's network: a tower of convolutions over the score, one over the sound, and dense layers over both.

Dorfer, Arzt & Widmer, "Towards score following in sheet music images" (ISMIR 2016), section 3 and table 1, at sizes
that a CPU can train on polyphonic strips. Where the paper's dense layers see the whole snippet at once, ours see one
column of it and its neighbours, with the same weights for every column: what a place looks like is then learnt once
and not for each of 40 buckets. This is the plain network, for training; ``inference`` computes the same faster.

In comments and docstrings: v snippets of the score, n excerpts of the sound, c channels, h x w pixels.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.mmloc.buckets import BUCKETS
from baselines.strip import excerpt, sound
from scorebench.errors import DataError
from scorebench.weights import load_into, read_checkpoint, read_metadata

PLACES_A_COLUMN = 2
"""Answers that the last layer gives for each column; buckets lie between them."""


@dataclass(frozen=True)
class Design:
    """The widths of the network; the paper's in brackets.

    Attributes:
        score_channels: of the convolutions over the score, before each pooling (64, 128).
        sound_channels: of those over the sound (64, 96, 96).
        score_size: of the dense layer over the score, a column (1024, the whole).
        sound_size: of that over the sound (1024).
        joint_size: of the first dense layer over both; the second is half as large (1024 and 1024).
        conv_dropout: after each pooling, in training (0.15).
        dense_dropout: after each dense layer, in training (0.3).
    """

    score_channels: tuple[int, ...] = (24, 64, 96)
    sound_channels: tuple[int, ...] = (16, 32, 64)
    score_size: int = 256
    sound_size: int = 256
    joint_size: int = 256
    conv_dropout: float = 0.0
    dense_dropout: float = 0.0


class MMLoc(nn.Module):
    """The network. A snippet is read once, and looked at for many excerpts: ``see``, ``hear``, ``locate``."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        self.score = _score_tower(design)
        self.loudness = nn.BatchNorm1d(sound.SNIPPET[0], affine=False)
        self.sound = _sound_tower(design)
        # What is seen and what is heard meet by multiplication, which says at once where they agree.
        self.joint_of_score = nn.Conv1d(design.score_size, design.joint_size, 1, bias=False)
        self.joint_of_sound = nn.Linear(design.sound_size, design.joint_size, bias=False)
        last = max(1, design.joint_size // 2)
        self.joint = nn.Sequential(
            *_after_dense(design.joint_size, design.dense_dropout),
            nn.Conv1d(design.joint_size, last, 3, padding=1, bias=False),
            *_after_dense(last, design.dense_dropout),
            nn.Conv1d(last, PLACES_A_COLUMN, 1),
        )

    def see(self, snippets: Tensor) -> Tensor:
        """(v, 80, 256), 0 paper and 1 ink, to (v, joint_size, columns)."""
        seen: Tensor = self.score(snippets[:, None].contiguous(memory_format=torch.channels_last))
        return self.joint_of_score(seen)  # type: ignore[no-any-return]

    def hear(self, excerpts: Tensor) -> Tensor:
        """(n, 78, 40) of the spectrogram, oldest frame first, to (n, joint_size)."""
        heard: Tensor = self.sound(self.loudness(excerpts)[:, None].contiguous(memory_format=torch.channels_last))
        return self.joint_of_sound(heard)  # type: ignore[no-any-return]

    def locate(self, seen: Tensor, heard: Tensor) -> Tensor:
        """(n or 1, joint_size, columns) and (n, joint_size) to (n, 40), logits of the buckets of the snippet."""
        return as_buckets(self.joint(seen * heard[:, :, None]))

    def forward(self, snippets: Tensor, excerpts: Tensor) -> Tensor:
        """(v, 80, 256) snippets and (v * k, 78, 40), k excerpts for each, to (v * k, 40) logits."""
        each = len(excerpts) // len(snippets)
        return self.locate(self.see(snippets).repeat_interleave(each, dim=0), self.hear(excerpts))


def as_buckets(places: Tensor) -> Tensor:
    """(n, 2, columns), from left to right in each column, to (n, 40): interpolated at the middle of each bucket."""
    line = places.float().transpose(1, 2).flatten(1)[:, None]
    return functional.interpolate(line, size=BUCKETS, mode="linear", align_corners=False)[:, 0]


def _conv(inputs: int, channels: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, channels, size, stride, size // 2, bias=False)
    return [conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


def _pooled_conv(inputs: int, channels: int, pool: tuple[int, int], dropout: float) -> list[nn.Module]:
    """The maximum is taken before the ReLU, where it is the same as after it, and faster."""
    conv, norm, relu = _conv(inputs, channels)
    return [conv, norm, nn.MaxPool2d(pool), relu, nn.Dropout(dropout)]


def _after_dense(size: int, dropout: float) -> list[nn.Module]:
    return [nn.BatchNorm1d(size), nn.ReLU(inplace=True), nn.Dropout(dropout)]


def _score_tower(design: Design) -> nn.Sequential:
    """Two convolutions before each pooling, the first 5x5 with stride 2; the last pooling keeps all columns."""
    layers: list[nn.Module] = []
    widths = design.score_channels
    pools = [(2, 2)] * (len(widths) - 1) + [(2, 1)]
    for inputs, channels, pool in zip((1, *widths), widths, pools, strict=False):
        layers += _conv(inputs, channels) if layers else _conv(inputs, channels, 5, stride=2)
        layers += _pooled_conv(channels, channels, pool, design.conv_dropout)
    rows = excerpt.SNIPPET[0] >> (1 + len(design.score_channels))
    dense = nn.Conv1d(rows * design.score_channels[-1], design.score_size, 3, padding=1, bias=False)
    return nn.Sequential(*layers, nn.Flatten(1, 2), dense, *_after_dense(design.score_size, design.dense_dropout))


def _sound_tower(design: Design) -> nn.Sequential:
    """Two convolutions before the first pooling, one before each other."""
    widths = design.sound_channels
    layers = _conv(1, widths[0])
    for inputs, channels in zip((widths[0], *widths), widths, strict=False):
        layers += _pooled_conv(inputs, channels, (2, 2), design.conv_dropout)
    bands, frames = (side >> len(design.sound_channels) for side in sound.SNIPPET)
    dense = nn.Linear(bands * frames * design.sound_channels[-1], design.sound_size, bias=False)
    return nn.Sequential(*layers, nn.Flatten(), dense, *_after_dense(design.sound_size, design.dense_dropout))


def design_from(text: str) -> Design:
    """The design that weights carry as JSON.

    Raises:
        ValueError: it is none.
    """
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError(f"a JSON {type(said).__name__}, not an object")
    known = {field.name: field.default for field in fields(Design)}
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in said.items()}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{name!r} is no part of a design")
        if type(value) is not type(known[name]) or not _is_sound(value):
            raise ValueError(f"{name} cannot be {value!r}")
    return Design(**values)


def _is_sound(value: Any) -> bool:
    """Whether ``value`` is a share, a size, or sizes."""
    if isinstance(value, float):
        return 0 <= value < 1
    sizes = value if isinstance(value, tuple) else (value,)
    return bool(sizes) and all(type(size) is int and size > 0 for size in sizes)


def load_network(path: Path) -> MMLoc:
    """The network with the weights in ``path`` (.safetensors), ready to answer.

    Raises:
        DataError: they are missing, damaged or of another network.
    """
    tensors: Mapping[str, Tensor] = read_checkpoint(path)
    facts = read_metadata(path) if path.suffix == ".safetensors" else {}
    try:
        network = MMLoc(design_from(facts["design"]))
    except (KeyError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: not weights of mm-loc ({error}); train them: scorebench train mm-loc") from error
    load_into(network, tensors, path)
    return network.eval().requires_grad_(False)
