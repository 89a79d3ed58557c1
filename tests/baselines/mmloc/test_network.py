"""The network: its shapes and sizes, what it is made of, and weights that are not its own."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from baselines.mmloc.inference import HEARD_AT_ONCE, Reader  # noqa: E402 - needs torch
from baselines.mmloc.network import Design, MMLoc, load_network  # noqa: E402
from scorebench.errors import DataError  # noqa: E402
from scorebench.weights import save_weights  # noqa: E402


def test_it_is_as_large_as_its_card_says() -> None:
    network = MMLoc(Design()).eval()
    assert sum(p.numel() for p in network.parameters()) == 1_558_538
    with FlopCounterMode(display=False) as seeing:
        seen = network.see(torch.zeros(1, 80, 256))
    with FlopCounterMode(display=False) as hearing:
        heard = network.hear(torch.zeros(1, 78, 40))
    with FlopCounterMode(display=False) as locating:
        network.locate(seen, heard)
    millions = [counter.get_total_flops() / 2e6 for counter in (seeing, hearing, locating)]
    assert millions == pytest.approx([152.6, 15.5, 3.2], abs=0.1)


def test_a_snippet_moved_by_columns_moves_the_answer(random_network: MMLoc) -> None:
    """Columns share their weights, so that away from the edges only the place changes: 16 px are one column of 16."""
    snippet, excerpts = torch.rand(1, 80, 256), torch.rand(1, 78, 40)
    heard = random_network.hear(excerpts)

    def places(shown: torch.Tensor) -> torch.Tensor:
        return random_network.joint(random_network.see(shown) + heard[:, :, None])

    one, two = places(snippet), places(torch.roll(snippet, 32, dims=2))
    torch.testing.assert_close(two[..., 12:24], one[..., 8:20], atol=1e-3, rtol=1e-3)
    assert float(one.std()) > 0.01


def test_moments_share_their_snippet(random_network: MMLoc) -> None:
    snippets, excerpts = torch.rand(2, 80, 256), torch.rand(6, 78, 40)
    together = random_network(snippets, excerpts)
    assert together.shape == (6, 40)
    one_by_one = torch.cat([random_network(snippets[n // 3][None], excerpts[n][None]) for n in range(6)])
    torch.testing.assert_close(together, one_by_one, atol=1e-4, rtol=1e-4)


def test_both_decide(random_network: MMLoc) -> None:
    snippets, excerpts = torch.rand(2, 80, 256), torch.rand(2, 78, 40)
    answers = [random_network(snippets[i : i + 1], excerpts[j : j + 1]) for i in (0, 1) for j in (0, 1)]
    differences = [float((answers[0] - other).abs().max()) for other in answers[1:]]
    assert min(differences) > 1e-3


def test_it_answers_as_the_plain_network(random_network: MMLoc) -> None:
    """The maximum before the ReLU and folded norms change nothing; nor does how much is heard at once."""
    random = np.random.default_rng(0)
    snippet = random.random((80, 256), np.float32)
    excerpts = random.random((HEARD_AT_ONCE + 3, 78, 40), np.float32)
    plain = random_network(torch.from_numpy(snippet)[None], torch.from_numpy(excerpts)).softmax(1)
    reader = Reader(random_network)
    ours = reader.locate(reader.see(snippet), reader.hear(excerpts))
    np.testing.assert_allclose(ours, plain, atol=1e-5)
    assert plain.std() > 1e-3
    alone = reader.locate(reader.see(snippet), reader.hear(excerpts[-1:]))
    np.testing.assert_allclose(ours[-1:], alone, atol=1e-6)


def test_a_network_that_is_being_trained_goes_on_learning(random_network: MMLoc) -> None:
    """Whoever reads with it in between leaves no trace."""
    network = MMLoc(random_network.design).eval()
    reader = Reader(network)
    before = reader.locate(reader.see(np.zeros((80, 256), np.float32)), torch.zeros(1, 16))
    assert all(p.requires_grad for p in network.parameters())
    with torch.no_grad():
        for parameter in [*network.parameters(), network.loudness.running_mean]:
            parameter += 1
    after = reader.locate(reader.see(np.zeros((80, 256), np.float32)), torch.zeros(1, 16))
    np.testing.assert_array_equal(before, after)


def test_weights_are_read_as_they_were_written(random_network: MMLoc, weights: Path) -> None:
    read = load_network(weights)
    assert read.design == random_network.design
    assert all(torch.equal(read.state_dict()[name], value) for name, value in random_network.state_dict().items())
    assert not any(p.requires_grad for p in read.parameters())


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "not weights of mm-loc"),
        ("[]", "not an object"),
        ("{", "not weights of mm-loc"),
        ('{"wings": 2}', "wings"),
        ('{"score_size": 17}', "checkpoint of another model than MMLoc"),
        ('{"score_size": -1}', "not weights of mm-loc"),
        ('{"score_size": "1"}', "not weights of mm-loc"),
        ('{"score_channels": []}', "not weights of mm-loc"),
        ('{"score_channels": 8}', "score_channels cannot be 8"),
        ('{"conv_dropout": 1.5}', "conv_dropout cannot be 1.5"),
        ('{"joint_size": 1000000000000}', "not weights of mm-loc"),
    ],
)
def test_weights_of_something_else_are_refused(
    random_network: MMLoc, tmp_path: Path, design: str | None, said: str
) -> None:
    path = tmp_path / "other.safetensors"
    save_weights(path, random_network.state_dict(), {} if design is None else {"design": design})
    with pytest.raises(DataError, match=said) as error:
        load_network(path)
    assert str(path) in str(error.value)
