"""What is learnt from: pictures, sounds and places that belong together, the same for the same number."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from baselines.mmloc.buckets import BUCKETS  # noqa: E402 - needs torch
from baselines.mmloc.training.rooms import decay_of  # noqa: E402
from baselines.mmloc.training.samples import EDGE, Recipe, Sampler, Samples  # noqa: E402
from baselines.strip.excerpt import WIDTH_PX, excerpt, halved  # noqa: E402
from baselines.strip.material import StripPage  # noqa: E402
from baselines.strip.sound import windows_of  # noqa: E402

CPU = torch.device("cpu")
PLAIN = Recipe(frames=3, altered=False, seed=1)


def short(page: StripPage) -> StripPage:
    """The first system of ``page`` alone, and an odd number of columns of it."""
    frames = int(np.searchsorted(page.at_frame, page.strip.begins[1]))
    strip = replace(page.strip, image=page.strip.image[:, : (page.strip.begins[1] // 2) * 2 - 1])
    heard = page.onset_frame < frames
    return replace(
        page,
        strip=strip,
        bands=page.bands[:frames],
        onset_frame=page.onset_frame[heard],
        onset_x=page.onset_x[heard],
    )


@pytest.fixture
def pages(page: StripPage) -> list[StripPage]:
    return [page, short(page)]


def test_without_alteration_they_are_what_a_tracker_sees_and_hears(pages: list[StripPage]) -> None:
    sampler = Sampler(pages, PLAIN, CPU)
    found = set()
    for number in range(12):
        visit, samples = sampler._visit(number), sampler.samples([number])
        page = pages[visit.page]
        found.add(visit.page)
        seen = halved(excerpt(page.strip.image, visit.left + WIDTH_PX / 2))
        np.testing.assert_allclose(samples.snippets[0], seen, atol=1 / 255)
        np.testing.assert_allclose(samples.excerpts, windows_of(page.spectrum)[visit.frames], atol=1e-5)
        places = (page.at_frame[visit.frames] - visit.left) * BUCKETS / WIDTH_PX
        np.testing.assert_allclose(samples.places, places, atol=1e-4)
    assert found == {0, 1}


def test_the_same_number_is_the_same_sample_in_any_company(pages: list[StripPage]) -> None:
    one, two = (Sampler(pages, Recipe(frames=2, seed=seed), CPU) for seed in (3, 4))
    alone, beside = one.samples([5]), one.samples([4, 5])
    assert torch.equal(alone.snippets[0], beside.snippets[1])
    assert torch.equal(alone.excerpts, beside.excerpts[2:])
    assert torch.equal(alone.places, beside.places[2:])
    assert not torch.equal(alone.snippets, two.samples([5]).snippets)


def many(pages: list[StripPage], recipe: Recipe, decays: list[NDArray[np.float32]] | None = None) -> Samples:
    return Sampler(pages, recipe, CPU, decays or []).samples(range(300))


def test_the_music_is_anywhere_in_the_snippet(pages: list[StripPage]) -> None:
    places = many(pages, Recipe(frames=3)).places.numpy()
    middle, margin = BUCKETS / 2, EDGE * BUCKETS
    assert np.abs(places - middle).max() <= margin + 0.2
    counts, _ = np.histogram(places, bins=8, range=(0, BUCKETS))
    assert counts.min() > 0.3 * counts.mean()


def test_most_moments_are_onsets(pages: list[StripPage]) -> None:
    sampler = Sampler(pages, Recipe(frames=4), CPU)
    visits = [sampler._visit(number) for number in range(200)]
    at_onsets = np.mean([np.isin(visit.frames, pages[visit.page].onset_frame).mean() for visit in visits])
    assert 0.8 < at_onsets < 0.95


def test_a_wider_snippet_shows_the_same_notes_closer_together(pages: list[StripPage]) -> None:
    """Where the music is said to be there is the notehead, whatever the scale: it is black there, in the plain page."""
    sampler = Sampler(pages[:1], Recipe(frames=1, onset_share=1.0), CPU)
    scaled = [number for number in range(80) if sampler._visit(number).scale != 1]
    assert len(scaled) > 20
    samples = sampler.samples(scaled)
    columns = np.floor(samples.places.numpy() * 256 / BUCKETS).astype(int)
    ink = samples.snippets.numpy().sum(1)
    at_notes = np.mean([ink[row, columns[row]] for row in range(len(scaled)) if 0 <= columns[row] < 256])
    assert at_notes > 1.5 * np.median(ink)


def test_sound_at_another_tempo_ends_at_the_same_moment(pages: list[StripPage]) -> None:
    plain, altered = Sampler(pages, PLAIN, CPU), Sampler(pages, replace(PLAIN, altered=True), CPU)
    rates = np.concatenate([altered._visit(number).rates for number in range(100)])
    assert rates.min() >= 0.5
    assert rates.max() <= 2
    assert np.mean(rates == 1) == pytest.approx(0.5, abs=0.15)
    assert np.mean(rates[rates != 1] > 1) == pytest.approx(0.5, abs=0.15)
    for number in range(8):
        visit, sound = altered._visit(number), altered.samples([number]).excerpts
        heard = windows_of(pages[visit.page].bands.astype(np.float32))[visit.frames]
        loud = torch.log10(1 + torch.from_numpy(heard[:, :, -1] * visit.gains[:, None].astype(np.float32)))
        torch.testing.assert_close(sound[:, :, -1], loud, atol=1e-4, rtol=1e-4)
    assert plain.samples([0]).excerpts.shape == (3, 78, 40)


def test_a_room_leaves_the_picture_and_the_places(pages: list[StripPage]) -> None:
    response = np.zeros(11025, np.float32)
    response[[0, 8000]] = 0.6, 0.8
    dry = many(pages, replace(PLAIN, frames=1))
    wet = many(pages, replace(PLAIN, frames=1, rooms=True), [decay_of(response)])
    assert not torch.equal(dry.excerpts, wet.excerpts)
    sampler = Sampler(pages, replace(PLAIN, rooms=True), CPU, [decay_of(response)])
    visits = [sampler._visit(number) for number in range(100)]
    assert np.mean([visit.sound != visit.page for visit in visits]) == pytest.approx(0.5, abs=0.15)
    number = next(n for n, visit in enumerate(visits) if visit.sound != visit.page and visit.frames.min() > 45)
    visit, heard = visits[number], sampler.samples([number]).excerpts
    echo = decay_of(response)
    assert echo[0] == pytest.approx(0.36, abs=0.01)
    power = pages[visit.page].bands.astype(np.float32) ** 2
    ending = sum(power[visit.frames - late] * echo[late] for late in range(len(echo)))
    np.testing.assert_allclose(heard[:, :, -1], np.log10(1 + np.sqrt(ending)), atol=2e-3)
