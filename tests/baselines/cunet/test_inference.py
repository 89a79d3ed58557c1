"""The fast way to the mask equals the plain network, and so the authors' numbers."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.cunet.inference import Ears, Eyes, SoundEncoder  # noqa: E402 - needs torch
from baselines.cunet.network import CUNet, Design, network_from  # noqa: E402
from baselines.cunet.picture import marked, see  # noqa: E402
from scorebench.audio import read_audio  # noqa: E402
from scorebench.safe_npz import read_npz  # noqa: E402
from scorebench.spectrogram import cunet_recipe, spectrogram  # noqa: E402
from scorebench.weights import read_checkpoint  # noqa: E402

Make = Callable[[Design], CUNet]
DESIGNS = pytest.mark.parametrize("design", [Design("CB", True), Design("FB", True), Design("CB", False)])


@DESIGNS
def test_what_is_heard_frame_by_frame_equals_the_plain_network(random_network: Make, design: Design) -> None:
    network = random_network(design)
    frames = np.random.default_rng(1).random((50, 78), dtype=np.float32)
    ears = Ears(SoundEncoder(network))
    heard = torch.stack([ears.hear(frame) for frame in frames])
    windows = torch.from_numpy(np.pad(frames.T, ((0, 0), (39, 0)))).unfold(1, 40, 1).permute(1, 0, 2)
    assert torch.allclose(heard, network.hear(windows[None])[0][0], atol=1e-5)


@pytest.mark.parametrize("shape", [(393, 278), (393, 277), (32, 48), (47, 31), (16, 16), (33, 64)])
def test_masks_equal_the_plain_network(random_network: Make, shape: tuple[int, int]) -> None:
    network = random_network(Design())
    torch.manual_seed(5)
    page, z = torch.rand(shape), torch.randn(3, 128)
    plain = network.look(network.read_page(page[None, None]), z).sigmoid()[:, 0]
    eyes = Eyes(network)
    known = eyes.read(page.numpy())
    for number in range(3):
        assert np.abs(eyes.look(known, z[number]) - plain[number].numpy()).max() < 1e-5
    assert plain.std() > 0.01  # there is something to compare


def test_looking_changes_nothing_of_the_page(random_network: Make) -> None:
    eyes, z = Eyes(random_network(Design())), torch.randn(2, 128)
    known = eyes.read(np.random.default_rng(2).random((40, 30), dtype=np.float32))
    first = eyes.look(known, z[0]).copy()
    eyes.look(known, z[1])
    assert np.array_equal(eyes.look(known, z[0]), first)


def test_the_published_weights_give_the_authors_masks_and_positions(shared: Path) -> None:
    """Every pixel of three masks; the centre of mass and the number of marked pixels of 240 frames."""
    network = network_from(read_checkpoint(shared / "reference/cunet/CB_TA/best_model.pt"), "CB_TA")
    masks = np.load(shared / "reference/cunet/expected_lesgraces_CB_TA_masks.npz")
    rows = list(csv.DictReader((shared / "reference/cunet/expected_lesgraces_CB_TA.csv").open()))
    piece = shared / "msmd/Anonymous__lesgraces__lesgraces_synth"
    frames = spectrogram(read_audio(piece.with_suffix(".wav")), cunet_recipe())
    eyes, ears = Eyes(network), Ears(SoundEncoder(network))
    page = eyes.read(see(read_npz(piece.with_suffix(".npz"))["sheets"][0]))
    assert len(rows) == 240
    for row, frame in zip(rows, frames, strict=False):
        mask = eyes.look(page, ears.hear(frame))
        found = marked(mask)
        assert found.pixels == int(row["pixels_over_half"])
        assert (found.row, found.column) == pytest.approx((float(row["com_y"]), float(row["com_x"])), abs=2e-5)
        assert mask.max() == pytest.approx(float(row["mask_max"]), abs=1e-5)
        if f"frame_{row['frame']}" in masks:
            assert np.abs(mask - masks[f"frame_{row['frame']}"]).max() < 1e-4


@pytest.mark.parametrize("name", ["FB_TA", "NTC_TA"])
def test_the_other_published_networks_find_the_piece(shared: Path, name: str) -> None:
    """No numbers of theirs are known; they must agree with CB_TA about most of the first system."""
    network = network_from(read_checkpoint(shared / f"reference/cunet/{name}/best_model.pt"), name)
    rows = list(csv.DictReader((shared / "reference/cunet/expected_lesgraces_CB_TA.csv").open()))[:180]
    piece = shared / "msmd/Anonymous__lesgraces__lesgraces_synth"
    frames = spectrogram(read_audio(piece.with_suffix(".wav")), cunet_recipe())
    eyes, ears = Eyes(network), Ears(SoundEncoder(network))
    page = eyes.read(see(read_npz(piece.with_suffix(".npz"))["sheets"][0]))
    near = []
    for number, (row, frame) in enumerate(zip(rows, frames, strict=False)):
        z = ears.hear(frame)
        if number % 10 == 5:
            found = marked(eyes.look(page, z))
            near.append(abs(found.column - float(row["com_x"])) < 4)
    assert len(near) == 18
    assert np.mean(near) > 0.7
