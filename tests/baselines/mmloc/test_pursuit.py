"""Following along a strip, with a reader that sees what the test wants."""

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.mmloc.buckets import BUCKETS, soft_targets  # noqa: E402 - needs torch
from baselines.mmloc.pursuit import FRAMES_A_SNIPPET, START_PX, Pursuit, find_all, moves_after  # noqa: E402
from baselines.strip.excerpt import WIDTH_PX  # noqa: E402
from baselines.strip.material import StripPage  # noqa: E402
from baselines.strip.unroll import Strip  # noqa: E402

HALF_PX = WIDTH_PX // 2


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


def test_music_within_reach_is_followed_to_its_end(page: StripPage) -> None:
    reader, length = PerfectReader(page.strip), page.strip.image.shape[1]
    places = np.linspace(START_PX, length - 1, 200)
    found = find_all(reader, page.strip, spectrum_of(places), np.arange(200))  # type: ignore[arg-type]
    np.testing.assert_allclose(found.strip_x, places, atol=0.01)
    np.testing.assert_allclose(found.confidence, 1, atol=1e-6)
    assert len(reader.lefts) == 200 // FRAMES_A_SNIPPET + 1
    assert reader.lefts[0] == START_PX - HALF_PX
    centres = np.floor(places[FRAMES_A_SNIPPET - 1 :: FRAMES_A_SNIPPET] + 0.5)
    np.testing.assert_array_equal(np.array(reader.lefts[1:]) + HALF_PX, centres)


def test_who_asks_when_changes_nothing(page: StripPage) -> None:
    random = np.random.default_rng(1)
    spectrum = spectrum_of(random.uniform(0, 900, 60))
    always = find_all(PerfectReader(page.strip), page.strip, spectrum, np.arange(60))  # type: ignore[arg-type]
    for _ in range(20):
        asked = np.sort(random.integers(-1, 60, random.integers(1, 12)))
        some = find_all(PerfectReader(page.strip), page.strip, spectrum, asked)  # type: ignore[arg-type]
        heard = asked >= 0
        np.testing.assert_array_equal(some.strip_x[heard], always.strip_x[asked[heard]])
        assert (some.strip_x[~heard] == START_PX).all()
        assert (some.confidence[~heard] == 0).all()


def test_frame_by_frame_is_all_at_once(page: StripPage) -> None:
    spectrum = spectrum_of(np.random.default_rng(2).uniform(0, 900, 33))
    at_once = find_all(PerfectReader(page.strip), page.strip, spectrum, np.arange(33))  # type: ignore[arg-type]
    reader = PerfectReader(page.strip)
    pursuit = Pursuit(reader, page.strip)  # type: ignore[arg-type]
    for frame in range(33):
        found = pursuit.find(np.array([frame]), reader.hear(spectrum[frame][None, :, None]))
        assert found.strip_x[0] == at_once.strip_x[frame]


def test_music_out_of_reach_pulls_the_snippet_after_it(page: StripPage) -> None:
    """A jump further than the snippet is found at its edge, and reached after it has moved there."""
    places = np.where(np.arange(40) < 10, START_PX, 1500.0)
    found = find_all(PerfectReader(page.strip), page.strip, spectrum_of(places), np.arange(40))  # type: ignore[arg-type]
    assert found.strip_x[10] == pytest.approx(START_PX + HALF_PX, abs=WIDTH_PX / BUCKETS)
    assert found.strip_x[-1] == pytest.approx(1500, abs=0.01)


def test_a_strip_shorter_than_a_snippet(page: StripPage) -> None:
    short = Strip(
        page.strip.image[:, :60],
        np.array([0, 60]),
        *(getattr(page.strip, name)[:1] for name in ("scale", "from_px", "y_px", "h_px", "left_px", "right_px")),
    )
    reader = PerfectReader(short)
    found = find_all(reader, short, spectrum_of(np.linspace(-300, 300, 50)), np.arange(50))  # type: ignore[arg-type]
    assert (found.strip_x >= 0).all()
    assert (found.strip_x <= 60).all()


def test_the_snippet_moves_after_every_fifth_frame() -> None:
    assert np.flatnonzero(moves_after(np.arange(16))).tolist() == [4, 9, 14]
