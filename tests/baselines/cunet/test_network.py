"""The plain network: its parameters are those of the published checkpoints, and what they compute is what is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.cunet import network as module  # noqa: E402 - needs torch
from baselines.cunet.network import CUNet, Design, design_of, network_from, windows_of  # noqa: E402
from baselines.cunet.picture import see  # noqa: E402
from scorebench.errors import DataError  # noqa: E402
from scorebench.safe_npz import read_npz  # noqa: E402
from scorebench.weights import read_checkpoint  # noqa: E402

Make = Callable[[Design], CUNet]
PUBLISHED = [("CB_TA", Design("CB", True)), ("FB_TA", Design("FB", True)), ("NTC_TA", Design("CB", False))]


@pytest.mark.parametrize(
    ("design", "trained"),
    [(Design("CB", True), 941_873), (Design("FB", True), 581_897), (Design("CB", False), 863_153)],
)
def test_as_many_parameters_as_the_paper(design: Design, trained: int) -> None:
    assert sum(p.numel() for p in CUNet(design).parameters()) == trained


@pytest.mark.parametrize(("name", "design"), PUBLISHED)
def test_the_published_checkpoints_load_as_they_are(shared: Path, name: str, design: Design) -> None:
    folder = shared / "reference/cunet" / name
    lines = (folder / "state_dict_keys.txt").read_text().splitlines()
    assert sorted(line.split("\t")[0] for line in lines) == sorted(CUNet(design).state_dict())
    network = network_from(read_checkpoint(folder / "best_model.pt"), name)
    assert network.design == design
    assert not network.training


def test_a_checkpoint_of_another_model(shared: Path) -> None:
    path = shared / "reference/cyolo/best_model.pt"
    with pytest.raises(DataError, match=r"best_model\.pt: this is a checkpoint of another model than CUNet"):
        network_from(read_checkpoint(path), path)


@pytest.mark.parametrize("design", [design for _, design in PUBLISHED])
def test_the_design_is_known_by_the_names(design: Design) -> None:
    assert design_of(CUNet(design).state_dict()) == design


def test_masks_equal_the_authors(shared: Path) -> None:
    network = network_from(read_checkpoint(shared / "reference/cunet/CB_TA/best_model.pt"), "CB_TA")
    expected = np.load(shared / "reference/cunet/expected_lesgraces_CB_TA_masks.npz")
    spectrum = np.load(shared / "reference/cunet/expected_lesgraces_spec.npy")
    sound = torch.from_numpy(np.pad(spectrum, ((0, 0), (39, 0)))).unfold(1, 40, 1)[:, :201].permute(1, 0, 2)
    sheet = read_npz(shared / "msmd/Anonymous__lesgraces__lesgraces_synth.npz")["sheets"][0]
    with torch.inference_mode():
        z, _ = network.hear(sound[None])
        page = network.read_page(torch.from_numpy(see(sheet))[None, None])
        for frame in (0, 80, 200):
            mask = network.look(page, z[0, frame : frame + 1]).sigmoid()[0, 0].numpy()
            assert np.abs(mask - expected[f"frame_{frame}"]).max() < 1e-4


@pytest.mark.parametrize("design", [design for _, design in PUBLISHED])
def test_the_state_carries_over_from_one_piece_of_sound_to_the_next(random_network: Make, design: Design) -> None:
    network, sound = random_network(design), torch.rand(2, 6, 78, 40)
    whole, _ = network.hear(sound)
    first, state = network.hear(sound[:, :4])
    second, _ = network.hear(sound[:, 4:], state)
    assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-6)
    assert (state is not None) == design.recurrent
    assert torch.allclose(network.hear(sound[:, 4:])[0], second, atol=1e-4) != design.recurrent


def test_frame_based_hears_the_newest_frame_alone(random_network: Make) -> None:
    network, sound = random_network(Design("FB", True)), torch.rand(1, 3, 78, 40)
    other = sound.clone()
    other[..., :-1] = torch.rand(78, 39)
    assert torch.equal(network.hear(other)[0], network.hear(sound)[0])


def test_all_at_once_equals_page_by_page_and_frame_by_frame(random_network: Make) -> None:
    network = random_network(Design())
    pages, sound = torch.rand(2, 1, 35, 50), torch.rand(2, 3, 78, 40)
    logits, _ = network(pages, sound)
    assert logits.shape == (2, 3, 35, 50)
    z, _ = network.hear(sound)
    for number in range(2):
        page = network.read_page(pages[number : number + 1])
        assert torch.allclose(network.look(page, z[number])[:, 0], logits[number], atol=1e-5)


def test_everything_that_is_trained_has_a_gradient() -> None:
    network = CUNet(Design())
    logits, _ = network(torch.rand(1, 1, 32, 32), torch.rand(1, 2, 78, 40))
    logits.square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_page_is_heard_in_parts_as_in_one(random_network: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_network(Design())
    heard = torch.rand(50, 78)
    at_once = network.hear(windows_of(heard, 50)[None])[0][0]
    monkeypatch.setattr(module, "HEARD_AT_ONCE", 7)
    torch.testing.assert_close(network.hear_page(heard), at_once)


def test_windows_end_with_their_frame_in_silence_before_and_after() -> None:
    heard = torch.rand(50, 78)
    windows = windows_of(heard, 53)
    assert windows.shape == (53, 78, 40)
    torch.testing.assert_close(windows[45].T, heard[6:46])
    assert (windows[3, :, :36] == 0).all()
    torch.testing.assert_close(windows[3, :, 36:].T, heard[:4])
    assert (windows[52, :, -3:] == 0).all()


def test_many_frames_of_several_pages(random_network: Make) -> None:
    network, pages, z = random_network(Design()), torch.rand(2, 1, 32, 48), torch.randn(2, 3, 128)
    together = network.look_for(pages, z)
    for page in range(2):
        alone = network.look(network.read_page(pages[page : page + 1]), z[page])[:, 0]
        torch.testing.assert_close(together[page], alone, atol=1e-5, rtol=1e-4)
