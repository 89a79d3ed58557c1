"""Small networks with weights of chance, and the sample page, which needs no data."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from baselines.mmloc.network import Design, MMLoc  # noqa: E402 - needs torch
from baselines.strip.material import StripPage, page_of  # noqa: E402
from scorebench.protocol.pages import PagePlan, plan_pages, view_of  # noqa: E402
from scorebench.samplepage import sample_recording  # noqa: E402
from scorebench.score import ScoreView  # noqa: E402
from scorebench.weights import save_weights  # noqa: E402

SMALL = Design((4, 8, 8), (4, 4, 8), score_size=16, sound_size=16, joint_size=16, dense_dropout=0.1)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The pictures are small, and the other cores have tests of their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def random_network() -> MMLoc:
    """No parameter of it is 0 or 1, and its answers are far from even."""
    torch.manual_seed(5)
    network = MMLoc(SMALL)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.1, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            if layer.affine:
                torch.nn.init.uniform_(layer.weight, 0.5, 2)
                torch.nn.init.uniform_(layer.bias, -0.1, 0.1)
    with torch.no_grad():
        network.joint_of_score.weight *= 5
        network.joint_of_sound.weight *= 5
        network.joint[-1].weight *= 5
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def weights(random_network: MMLoc, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "mm-loc.safetensors"
    save_weights(path, random_network.state_dict(), {"demo": "true", "design": json.dumps(asdict(SMALL))})
    return path


@pytest.fixture(scope="session")
def plan() -> PagePlan:
    """Of the sample page."""
    recording = sample_recording()
    [found] = plan_pages(recording, len(recording.read_audio()))
    return found


@pytest.fixture(scope="session")
def page(plan: PagePlan) -> StripPage:
    """The sample page, to be trained on."""
    return page_of(plan, plan.sound(sample_recording().read_audio()))


@pytest.fixture(scope="session")
def view(plan: PagePlan) -> ScoreView:
    """What the tracker is told of the sample page."""
    return view_of(sample_recording(), plan, frozenset({"systems"}))
