"""Following along a strip, with a reader that sees what the test wants."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.mmloc.buckets import BUCKETS, soft_targets  # noqa: E402 - needs torch
from baselines.mmloc.pursuit import (  # noqa: E402
    FRAMES_A_SNIPPET,
    ONWARD_PX,
    START_PX,
    Pursuit,
    expectation,
    find_all,
)
from baselines.strip.excerpt import WIDTH_PX  # noqa: E402
from baselines.strip.material import StripPage  # noqa: E402
from baselines.strip.unroll import Strip  # noqa: E402

HALF_PX = WIDTH_PX // 2
ABOUT_PX = 2.5
"""What is expected pulls a place between the centres of two buckets so far at most."""


class PerfectReader:
    """What it hears is where the music is on the strip; it finds its snippet on the strip by its picture.

    Attributes:
        lefts: where the snippets were, one after the other.
    """

    def __init__(self, strip: Strip) -> None:
        ink = 255 - strip.image.astype(np.int64)
        padded = np.pad(ink, ((0, 0), (WIDTH_PX, WIDTH_PX))).sum(0)
        self._profile = padded.astype(np.float64)
        self.lefts: list[int] = []

    def see(self, snippet: NDArray[np.float32]) -> "torch.Tensor":
        pairs = snippet.sum(0, dtype=np.float64) * 4 * 255
        profiles = np.lib.stride_tricks.sliding_window_view(self._profile, WIDTH_PX)
        distance = np.abs(profiles[:, ::2] + profiles[:, 1::2] - pairs).sum(1)
        self.lefts.append(int(distance.argmin()) - WIDTH_PX)
        return torch.tensor([float(self.lefts[-1])])

    def hear(self, excerpts: NDArray[np.float32]) -> "torch.Tensor":
        return torch.from_numpy(excerpts[:, 0, -1].astype(np.float64))

    def locate(self, seen: "torch.Tensor", heard: "torch.Tensor") -> NDArray[np.float32]:
        place: NDArray[np.float32] = soft_targets((heard - seen) * (BUCKETS / WIDTH_PX)).numpy()
        return place


def spectrum_of(places: NDArray[np.float64]) -> NDArray[np.float32]:
    """A sound in which ``PerfectReader`` hears ``places`` (T,)."""
    return np.repeat(places[:, None], 78, axis=1).astype(np.float32)


def pursue(page: StripPage, places: NDArray[np.float64], reader: Any = None) -> tuple[NDArray[np.float64], Any]:
    """What is found where the music is at ``places``, and the reader."""
    reader = reader or PerfectReader(page.strip)
    return find_all(reader, page.strip, spectrum_of(places)).strip_x, reader


def test_music_within_reach_is_followed_to_its_end(page: StripPage) -> None:
    places = np.linspace(START_PX, page.strip.image.shape[1] - 1, 200)
    found, reader = pursue(page, places)
    np.testing.assert_allclose(found, places, atol=ABOUT_PX)
    assert len(reader.lefts) == 200 // FRAMES_A_SNIPPET + 1
    assert reader.lefts[0] == START_PX - HALF_PX
    centres = np.floor(np.median(found.reshape(-1, FRAMES_A_SNIPPET), axis=1) + 0.5)
    np.testing.assert_array_equal(np.array(reader.lefts[1:]) + HALF_PX, centres)


def test_in_pieces_is_all_at_once(page: StripPage) -> None:
    random = np.random.default_rng(2)
    spectrum = spectrum_of(random.uniform(0, 900, 83))
    at_once = find_all(PerfectReader(page.strip), page.strip, spectrum)  # type: ignore[arg-type]
    for pieces in (1, 5, 20, 82):
        reader = PerfectReader(page.strip)
        pursuit = Pursuit(reader, page.strip)  # type: ignore[arg-type]
        cuts = np.sort(random.choice(np.arange(1, 83), pieces, replace=False))
        found = [pursuit.find(reader.hear(part[:, :, None])) for part in np.split(spectrum, cuts)]
        np.testing.assert_array_equal(np.concatenate([part.strip_x for part in found]), at_once.strip_x)
        np.testing.assert_array_equal(np.concatenate([part.confidence for part in found]), at_once.confidence)


def test_two_wrong_answers_in_five_do_not_move_the_snippet(page: StripPage) -> None:
    places = np.full(20, 300.0)
    places[[1, 3, 6, 7, 14]] = 500, 80, 90, 510, 100
    found, reader = pursue(page, places)
    np.testing.assert_allclose(found[5:], places[5:], atol=ABOUT_PX)
    np.testing.assert_allclose(np.array(reader.lefts[2:]) + HALF_PX, 300, atol=ABOUT_PX)


class TornReader(PerfectReader):
    """Hears the music at two places at once, and would have it rather at the later one."""

    def locate(self, seen: "torch.Tensor", heard: "torch.Tensor") -> NDArray[np.float32]:
        here, there = super().locate(seen, heard), super().locate(seen, heard + 150)
        torn: NDArray[np.float32] = 0.45 * here + 0.55 * there
        return torn


def test_of_two_places_that_sound_the_same_it_takes_the_one_where_music_goes_on(page: StripPage) -> None:
    places = np.linspace(START_PX, 1500, 300)
    found, _ = pursue(page, places, TornReader(page.strip))
    np.testing.assert_allclose(found, places, atol=ABOUT_PX)


def test_what_is_expected_is_a_little_onward() -> None:
    likely = expectation()
    centres = (np.arange(BUCKETS) + 0.5) * WIDTH_PX / BUCKETS - HALF_PX
    assert abs(centres[likely.argmax()] - ONWARD_PX) <= WIDTH_PX / BUCKETS / 2
    assert likely.min() > 1e-4  # surprises stay possible


def test_music_out_of_reach_pulls_the_snippet_after_it(page: StripPage) -> None:
    """A jump further than the snippet is found at its edge, and reached after it has moved there."""
    found, _ = pursue(page, np.where(np.arange(50) < 10, START_PX, 1500.0))
    assert found[10] == pytest.approx(START_PX + HALF_PX, abs=WIDTH_PX / BUCKETS)
    assert found[-1] == pytest.approx(1500, abs=ABOUT_PX)


def test_a_strip_shorter_than_a_snippet(page: StripPage) -> None:
    short = Strip(
        page.strip.image[:, :60],
        np.array([0, 60]),
        *(getattr(page.strip, name)[:1] for name in ("scale", "from_px", "y_px", "h_px", "left_px", "right_px")),
    )
    reader = PerfectReader(short)
    found = find_all(reader, short, spectrum_of(np.linspace(-300, 300, 50)))  # type: ignore[arg-type]
    assert (found.strip_x >= 0).all()
    assert (found.strip_x <= 60).all()
    assert ((found.confidence > 0) & (found.confidence <= 1)).all()
