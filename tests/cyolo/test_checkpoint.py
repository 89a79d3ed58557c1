"""Checkpoints: the authors' of two papers, our own, and what is neither."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cyolo.checkpoint import load_network, save_network
from cyolo.network import Cyolo, Settings
from scorebench.errors import DataError
from scorebench.weights import read_card, save_weights

FULL = Path(__file__).parents[1] / "fixtures/cyolo/full"
FRONTIERS_ANCHORS = (
    ((11.0, 26.0), (11.0, 34.0), (11.0, 45.0)),
    ((61.0, 32.0), (77.0, 40.0), (148.0, 34.0)),
    ((249.0, 33.0), (267.0, 33.0), (267.0, 40.0)),
)
HEAD = json.loads((FULL / "net_config.json").read_text())["head"]


def published(folder: Path, tensors: dict[str, Tensor], **changes: object) -> Path:
    """A checkpoint as the authors publish one, its config changed."""
    config = json.loads((FULL / "net_config.json").read_text())
    config.update(changes)
    (folder / "net_config.json").write_text(json.dumps(config))
    torch.save(tensors, folder / "best_model.pt")
    return folder / "best_model.pt"


def frontiers(classes: int) -> dict[str, Tensor]:
    """A state dict as the Frontiers release writes it, from distributed training."""
    torch.manual_seed(1)
    network = Cyolo(Settings(FRONTIERS_ANCHORS[:classes]))
    extra = {"spec_module.window": torch.ones(2048), "spec_module.fbank": torch.ones(1025, 78)}
    return {f"module.{name}": tensor for name, tensor in {**network.state_dict(), **extra}.items()}


@pytest.mark.parametrize(("classes", "weights", "keys"), [(1, 1_377_527, 152), (3, 1_381_397, 156)])
def test_a_checkpoint_of_the_frontiers_paper(tmp_path: Path, classes: int, weights: int, keys: int) -> None:
    head = HEAD.copy()
    head[-1] = [[16] * classes, "Detect", ["nc", "anchors"]]  # as the release has it
    network = load_network(published(tmp_path, frontiers(classes), nc=classes, head=head))
    assert sum(p.numel() for p in network.parameters()) == weights
    assert len(network.state_dict()) == keys
    assert network.settings.anchors_px == FRONTIERS_ANCHORS[:classes]
    raw = network.locate(torch.rand(1, 64, 52, 52), torch.rand(1, 128))
    assert raw.shape == (classes, 1, 3, 52, 52, 5)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"nc": 3}, "nc"),
        ({"groupnorm": False}, "groupnorm"),
        ({"backbone": [[-1, "__import__('os').system", ["true"]]]}, "backbone"),
        ({"encoder": "nn.Identity"}, "encoder"),
        ({"head": []}, "head"),
        ({"head": [*HEAD[:-1], [[16, 16, 16], "Detect", ["nc", "anchors"]]]}, "head"),
    ],
)
def test_a_config_of_another_model(tmp_path: Path, changes: dict[str, object], what: str) -> None:
    tensors = torch.load(FULL / "best_model.pt", weights_only=True)
    with pytest.raises(DataError, match=rf"net_config\.json: config of another model.*{what}"):
        load_network(published(tmp_path, tensors, **changes))


def test_a_checkpoint_without_its_config_says_enough(tmp_path: Path) -> None:
    shutil.copy(FULL / "best_model.pt", tmp_path)
    assert load_network(tmp_path / "best_model.pt").settings == Settings()


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="of another model than Cyolo"):
        load_network(published(tmp_path, {"encoder.0.conv1.weight": torch.ones(8, 1, 3, 3)}))
    tensors = torch.load(FULL / "best_model.pt", weights_only=True)
    del tensors["model.Conv_1.norm.bias"]
    with pytest.raises(DataError, match=r"1 missing: model\.Conv_1\.norm\.bias"):
        load_network(published(tmp_path, tensors))


def test_our_own_weights_bring_their_settings_and_card(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = Cyolo(Settings(audio_activation="elu")).eval()
    path = tmp_path / "w.safetensors"
    save_network(path, network, {"demo": True, "curve": [{"step": 1, "valid_loss": 0.5}]})
    first = path.read_bytes()
    save_network(path, network, {"curve": [{"valid_loss": 0.5, "step": 1}], "demo": True})
    assert path.read_bytes() == first
    loaded = load_network(path)
    assert loaded.settings == network.settings
    assert read_card(path)["demo"] is True
    page, sound = torch.rand(1, 1, 416, 416), torch.rand(50, 78)
    assert torch.equal(loaded(page, sound), network(page, sound))


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ({}, "nothing readable of its settings"),
        ({"settings": "{"}, "nothing readable of its settings"),
        ({"settings": "[]"}, "is no JSON object"),
        ({"settings": "{}"}, "its settings lack 'anchors_px'"),
        ({"settings": '{"anchors_px": [[[1, 2]]], "audio_activation": "nn.ELU"}'}, "audio_activation is 'nn.ELU'"),
    ],
)
def test_safetensors_of_somebody_else(tmp_path: Path, metadata: dict[str, str], complaint: str) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"a": torch.ones(1)}, metadata)
    with pytest.raises(DataError, match=complaint):
        load_network(path)
