"""The networks."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from baselines.rl.network import Network, network_from  # noqa: E402 - needs torch
from scorebench.errors import DataError, UsageError  # noqa: E402
from scorebench.weights import read_checkpoint, save_weights  # noqa: E402
from tests.baselines.rl.conftest import random_network  # noqa: E402


def observations(count: int = 2) -> dict[str, "torch.Tensor"]:
    generator = torch.Generator().manual_seed(0)
    return {
        "perf": torch.rand(count, 2, 78, 40, generator=generator),
        "score": torch.rand(count, 2, 80, 256, generator=generator),
    }


def test_the_network_of_the_paper_has_as_many_parameters_as_the_authors() -> None:
    assert sum(p.numel() for p in Network("tismir").parameters()) == 2_915_620


@pytest.mark.usefixtures("usual")
def test_ours_fits_into_8_mb() -> None:
    assert 4 * sum(p.numel() for p in Network("columns").parameters()) < 8e6


@pytest.mark.parametrize("design", ["tismir", "columns"])
@pytest.mark.usefixtures("usual")
def test_actor_and_critic_answer(design: str) -> None:
    logits, values = random_network(design)(observations())
    assert logits.shape == (2, 3)
    assert values.shape == (2,)
    assert torch.isfinite(logits).all()


def test_weights_are_orthogonal_at_first() -> None:
    network = Network("tismir")
    for layer in (network.towers.sound[0], network.actor_out):
        rows = layer.weight.flatten(1)
        assert torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-5)
        assert not layer.bias.any()


@pytest.mark.usefixtures("usual")
def test_in_16_bits_it_says_nearly_the_same() -> None:
    network = random_network()
    exact = network(observations())
    network.towers.in_16_bits = True
    rough = network(observations())
    assert rough[0].dtype == torch.float32
    for one, other in zip(exact, rough, strict=True):
        assert 0 < (one - other).abs().max() < 0.1 * one.abs().max()


@pytest.mark.parametrize("design", ["tismir", "columns"])
def test_weights_say_which_network_they_are_of(design: str, tmp_path: Path) -> None:
    network, path = random_network(design), tmp_path / "rl.safetensors"
    save_weights(path, network.state_dict(), {})
    again = network_from(read_checkpoint(path), path)
    assert again.design == design
    assert torch.equal(again(observations())[0], network(observations())[0])


def test_other_weights_are_refused() -> None:
    tensors = dict(random_network().state_dict())
    with pytest.raises(UsageError, match="no network 'heavy'"):
        Network("heavy")
    with pytest.raises(DataError, match=r"some\.pt: this is a checkpoint of another model"):
        network_from({"weight": torch.zeros(3)}, "some.pt")
    tensors["actor_out.weight"] = torch.zeros(4, 8)
    with pytest.raises(DataError, match="actor_out"):
        network_from(tensors, "some.pt")
