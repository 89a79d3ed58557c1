"""Networks from disk: the authors' checkpoints as they are, and our own with their settings inside."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from cyolo.network import ACTIVATIONS, Cyolo, Settings
from scorebench.errors import DataError
from scorebench.learning.card import save_trained
from scorebench.weights import CONFIG, load_into, read_checkpoint, read_config, read_said

_NOT_LEARNT = "spec_module."
"""Their checkpoints carry the window and the filterbank, too; ours are in ``scorebench.spectrogram``."""

_BACKBONE = [
    [-1, "Focus", [16, 3]],
    [-1, "Conv", [32, 3, 2]],
    [-1, "Bottleneck", [32, 1, 32]],
    [-1, "Conv", [64, 3, 2]],
    [-1, "Bottleneck", [64, 1, 32]],
    [-1, "FiLMConv", [128, 3, 2]],
    [-1, "Bottleneck", [128, 1, 32]],
    [-1, "FiLMConv", [128, 3, 2]],
    [-1, "Bottleneck", [128, 1, 32]],
]
_HEAD = [
    [-1, "FiLMConv", [128, 3, 1]],
    [-1, "nn.Upsample", ["None", 2, "nearest"]],
    [[-1, 6], "Concat", [1]],
    [-1, "Bottleneck", [128, 1, 32]],
    [-1, "FiLMConv", [128, 3, 1]],
    [-1, "nn.Upsample", ["None", 2, "nearest"]],
    [[-1, 4], "Concat", [1]],
    [-1, "Bottleneck", [128, 1, 32]],
]
_ENCODER = {"n_lstm_layers": 1, "zdim": 128, "normalize_input": True}


def load_network(path: Path) -> Cyolo:
    """The network in ``path``, in evaluation mode on the CPU.

    Args:
        path: a .safetensors of ours, or a .pt as published (EUSIPCO, or Frontiers with 1 or 3 classes). A
            ``net_config.json`` beside a .pt is read and must fit.

    Raises:
        DataError: missing, damaged, or of another model.
    """
    tensors = read_checkpoint(path)
    ours = path.suffix == ".safetensors"
    settings = _own_settings(path) if ours else _published_settings(path, tensors)
    network = Cyolo(settings)
    load_into(network, {name: t for name, t in tensors.items() if not name.startswith(_NOT_LEARNT)}, path)
    return network.eval().requires_grad_(False)


def save_network(path: Path, network: Cyolo, card: Mapping[str, Any]) -> None:
    """Write ``network`` with its settings, and ``card`` (what trained it), as safetensors; the card beside it, too."""
    settings = json.dumps(asdict(network.settings), sort_keys=True)
    save_trained(path, network.state_dict(), card, {"settings": settings})


def _own_settings(path: Path) -> Settings:
    said = read_said(path, "settings")
    try:
        anchors = tuple(tuple((float(w), float(h)) for w, h in one) for one in said["anchors_px"])
        activation = said["audio_activation"]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: its settings lack {error}; it is of another model or version") from error
    if activation not in ACTIVATIONS:
        raise DataError(f"{path}: audio_activation is {activation!r}, known are {', '.join(ACTIVATIONS)}")
    return Settings(anchors, activation)


def _published_settings(path: Path, tensors: Mapping[str, Tensor]) -> Settings:
    """Settings of a published checkpoint: its anchors are among its tensors."""
    grid = tensors.get("model.Detect_17.anchor_grid")
    if grid is None or grid.ndim != 6 or grid.shape[1:] != (1, 3, 1, 1, 2):
        raise DataError(
            f"{path}: this is a checkpoint of another model than Cyolo (it has no anchors for 3 boxes a cell)"
        )
    if (path.parent / CONFIG).is_file():
        _check_config(path.parent / CONFIG, len(grid))
    anchors = grid.reshape(-1, 3, 2).tolist()
    return Settings(tuple(tuple((w, h) for w, h in one) for one in anchors), "relu")


def _check_config(path: Path, classes: int) -> None:
    """Refuse a config of another network. What it says is compared, never evaluated."""
    config = read_config(path)
    head = config.get("head")
    params = config.get("encoder", {}).get("params", {}) if isinstance(config.get("encoder"), dict) else {}
    detects = ([[16], "Detect", ["anchors"]], [[16] * classes, "Detect", ["nc", "anchors"]])
    fits = {
        "backbone": config.get("backbone") == _BACKBONE,
        "head": isinstance(head, list) and head[:-1] == _HEAD and head[-1] in detects,
        "groupnorm": config.get("groupnorm") is True,
        "encoder": isinstance(params, dict) and all(params.get(k) == v for k, v in _ENCODER.items()),
        "nc": config.get("nc", 1) == classes,
    }
    wrong = [key for key, good in fits.items() if not good]
    if wrong:
        raise DataError(
            f"{path}: config of another model ({', '.join(wrong)}); the paper's network has {classes} class(es)"
        )
