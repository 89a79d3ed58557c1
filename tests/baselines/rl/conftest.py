"""A page made in code, and networks with weights of chance: nothing here needs data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from baselines.rl.network import DESIGNS, Design, Layer, Network  # noqa: E402 - needs torch
from baselines.rl.rounds import Board  # noqa: E402
from baselines.strip.material import StripPage, page_of  # noqa: E402
from scorebench.protocol.pages import plan_pages  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.weights import save_weights  # noqa: E402

TINY = Design(
    sound=(Layer(4, stride=(4, 4)), Layer(8, stride=(2, 2))),
    score=(Layer(4, size=5, stride=(4, 4)), Layer(8, stride=(2, 4))),
    tower_size=16,
    joint_size=24,
    head_size=8,
)
"""A network for tests: a thousand times less work."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The pictures are small, and the other cores have tests of their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def tiny() -> Iterator[None]:
    """Registers the network for tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DESIGNS, "tiny", TINY)
        yield


@pytest.fixture(scope="session")
def page() -> StripPage:
    recording = sample_recording()
    audio = recording.read_audio()
    [plan] = plan_pages(recording, len(audio))
    return page_of(plan, plan.sound(audio))


@pytest.fixture(scope="session")
def board(page: StripPage) -> Board:
    return Board.of(page)


def random_network(design: str = "tiny", seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return Network(design).eval().requires_grad_(False)


@pytest.fixture(scope="session")
def weights(tiny: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of chance, for the network for tests."""
    path = tmp_path_factory.mktemp("weights") / "rl.safetensors"
    save_weights(path, random_network().state_dict(), {"demo": "true", "design": "tiny"})
    return path
