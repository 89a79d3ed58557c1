"""A page made in code, and networks with weights of chance: nothing here needs data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from baselines.rl import columns  # noqa: E402 - needs torch
from baselines.rl.network import Network  # noqa: E402
from baselines.rl.rounds import Board  # noqa: E402
from baselines.strip.material import StripPage, page_of  # noqa: E402
from scorebench.protocol.pages import plan_pages  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.weights import save_weights  # noqa: E402

SMALL = {"SOUND_CHANNELS": (2, 4, 4), "SCORE_CHANNELS": (2, 4, 4), "MATCH_SIZE": 8, "MIXED_SIZE": 8, "KEPT_SIZE": 4}
"""Sizes of a network for tests: a hundredth of the work."""
USUAL = {name: getattr(columns, name) for name in SMALL}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The pictures are small, and the other cores have tests of their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def small() -> Iterator[None]:
    """Makes our networks small."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in SMALL.items():
            patch.setattr(columns, name, size)
        yield


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes them as large as they are."""
    for name, size in USUAL.items():
        monkeypatch.setattr(columns, name, size)


@pytest.fixture(scope="session")
def page() -> StripPage:
    recording = sample_recording()
    audio = recording.read_audio()
    [plan] = plan_pages(recording, len(audio))
    return page_of(plan, plan.sound(audio))


@pytest.fixture(scope="session")
def board(page: StripPage) -> Board:
    return Board.of(page)


def random_network(design: str = "columns", seed: int = 0) -> Network:
    """Weights of chance; normalisation, too, is not what it is at first."""
    torch.manual_seed(seed)
    network = Network(design)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def weights(small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of chance, of the small network."""
    path = tmp_path_factory.mktemp("weights") / "rl.safetensors"
    save_weights(path, random_network().state_dict(), {"demo": "true"})
    return path
