"""The towers that compare column by column."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from baselines.rl.columns import VIEW_COLUMNS, places_loss, profile_of  # noqa: E402 - needs torch
from baselines.rl.eyes import StripEyes, ViewEyes, eyes_for  # noqa: E402
from baselines.rl.rules import THRESHOLD_PX, Standing  # noqa: E402
from baselines.rl.views import Sheet  # noqa: E402
from tests.baselines.rl.conftest import random_network  # noqa: E402

IMAGE = np.random.default_rng(0).integers(0, 256, (160, 603), dtype=np.uint8)


@pytest.mark.parametrize("columns", [1, 40, 603])
def test_columns_cut_out_of_the_strip_are_those_of_the_view(columns: int) -> None:
    network, sheet = random_network(), Sheet(IMAGE[:, :columns])
    strip = eyes_for(network, sheet)
    assert isinstance(strip, StripEyes)
    places = sorted({0, columns - 1, *range(columns // 2, min(columns // 2 + 16, columns))})
    standings = [Standing(0, place, 3, max(place - 3, 0)) for place in places]
    with torch.inference_mode():
        seen, expected = strip.look(standings), ViewEyes(network.towers, network.device, sheet).look(standings)
    for one, other in zip(seen, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert seen[0].shape[2] == VIEW_COLUMNS


def test_the_network_of_the_paper_looks_view_by_view() -> None:
    assert isinstance(eyes_for(random_network("tismir"), Sheet(IMAGE)), ViewEyes)


def test_a_match_is_known_at_any_place() -> None:
    """The same ink 8 columns further on gives the same columns, as many further on."""
    towers = random_network().towers
    ink = torch.rand(1, 80, 512, generator=torch.Generator().manual_seed(0))
    here, there = towers.read(ink[:, :, :256]), towers.read(ink[:, :, 64:320])
    torch.testing.assert_close(here[:, :, 8:], there[:, :, :-8], atol=1e-5, rtol=1e-4)


def test_where_the_music_is_is_told_by_two_places() -> None:
    """Least where the two places next to the music are as likely as they are near; within the whole threshold."""
    for error_px in (-float(THRESHOLD_PX), -1.0, 0.0, 37.5, float(THRESHOLD_PX)):
        place = (-error_px + 181) / 8
        low = int(place)
        assert 0 <= low < 45
        probabilities = torch.full((46,), 1e-6)
        probabilities[low], probabilities[low + 1] = 1 - (place - low) + 1e-6, place - low + 1e-6
        right = places_loss(probabilities.log()[None], torch.tensor([error_px]))
        for shift in (-1, 1):
            wrong = places_loss(probabilities.log().roll(shift)[None], torch.tensor([error_px]))
            assert right < wrong


def test_a_place_is_where_its_column_looks() -> None:
    """Ink at a place changes that column most: places are counted from the agent, in px of the strip."""
    towers = random_network().towers
    blank = torch.zeros(1, 80, 256)
    for error_px in (-120, 0, 120):  # ahead by so much: the music is as far to the left
        ink = blank.clone()
        at = (256 - error_px) // 2
        ink[:, :, at - 2 : at + 2] = 1
        change = (towers.read(ink) - towers.read(blank)).abs().sum(dim=(0, 1))
        centre = float((change * torch.arange(len(change))).sum() / change.sum())
        assert centre == pytest.approx((-error_px + 181) / 16 - 0.25, abs=0.75)


def test_steady_normalisation_stays_as_it_is() -> None:
    network = random_network()
    before = {name: value.clone() for name, value in network.towers.named_buffers()}
    score, perf = torch.rand(3, 2, 80, 256), torch.rand(3, 2, 78, 40)
    network.towers.steady = True
    network.train()
    network({"perf": perf, "score": score})
    assert all(torch.equal(before[name], value) for name, value in network.towers.named_buffers())
    network.towers.steady = False
    network.train()
    network({"perf": perf, "score": score})
    assert not torch.equal(before["loudness.running_mean"], network.towers.loudness.running_mean)


def test_a_profile_is_the_mean_of_eight_rows() -> None:
    score = torch.rand(2, 80, 5)
    torch.testing.assert_close(profile_of(score)[1, 3], score[1, 24:32].mean(dim=0))
