"""Networks with weights of chance: nothing here needs the authors' files."""

from collections.abc import Callable, Iterator

import pytest

torch = pytest.importorskip("torch")

from baselines.cunet.network import CUNet, Design  # noqa: E402 - needs torch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The pictures are small, and the other cores have tests of their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def random_network() -> Callable[[Design], CUNet]:
    """Makes a network, no parameter of which is 0 or 1."""

    def make(design: Design) -> CUNet:
        torch.manual_seed(4)
        network = CUNet(design)
        for name, value in network.state_dict().items():
            if "norm" in name or "stds" in name:
                value.uniform_(0.5, 1.5)
            elif "means" in name:
                value.uniform_(-0.1, 0.1)
        return network.eval().requires_grad_(False)

    return make
