"""``omr`` with engines that know the truth, know nothing, or err: it follows, survives, and repeats itself."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from baselines.dtw.tracker import ScoreDtw
from baselines.omr.printed import printed
from baselines.omr.tempi import TempiFollower
from baselines.omr.tracker import OmrTracker, omr
from scorebench import omr_engines
from scorebench.conformance import checks
from scorebench.dataset import open_dataset
from scorebench.errors import DataError, UsageError
from scorebench.omr import Reading, as_reading, empty_reading
from scorebench.registry import Entry
from scorebench.run import RunSpec, run
from scorebench.samplepage import sample_recording
from scorebench.score import ScoreView
from scorebench.synth import render
from scorebench.timebase import SAMPLE_RATE, onset_frame
from scorebench.tracker import BatchTracker, FastFollower, Tracker, follow
from tests.baselines.omr.truth import TruthEngine, reading_of_truth, spelled
from tests.scorebench.readings import head, measures_of, small_reading, systems_of

PAGE = np.full((1181, 835), 255, np.uint8)


class Knows:
    """Reads every page as the same thing, and counts."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.read_pages = reading, 0

    def read(self, page: NDArray[np.uint8]) -> Reading:
        self.read_pages += 1
        page[:] = 0  # what an engine does with the picture is its own business
        return self.reading


@functools.cache
def melody(count: int = 48, tied: bool = False) -> Reading:
    """Eighth notes over half notes, eight to a measure, two measures to a system; the bass may be tied over bars."""
    rng = np.random.default_rng(11)
    pitches = 67 + np.cumsum(rng.integers(-3, 4, count)) % 13
    measures = measures_of([4] * (count // 8), a_system=2)
    notes = []
    for at, pitch in enumerate(pitches.tolist()):
        where = {"system": at // 16, "x_px": 60 + 12 * (at % 16) + 3.0, "y_px": 120 + 200 * (at // 16)}
        notes.append(head(spelled(pitch), at / 2, 0.5, at // 8, **where))
        if at % 4 == 0:
            bass = 40 + (0 if tied else int(rng.integers(0, 12)))
            low = {**where, "staff": 1, "y_px": where["y_px"] + 60, "tied": tied and at > 0}
            notes.append(head(spelled(bass), at / 2, 2, at // 8, **low))
    return as_reading(pd.DataFrame(notes), measures, systems_of(measures), 0.8)


def view(pages: int = 1) -> ScoreView:
    return ScoreView((PAGE,) * pages)


def played(
    reading: Reading, quarter_s: float, sound: str = "piano", with_repeats: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """What was read at a tempo that swings by a fifth, and when each of its onsets sounds."""
    notes = printed([reading], with_repeats)
    score = np.linspace(0, 60, 6000)  # printed() has a quarter a second
    at = 0.2 + np.concatenate([[0], np.cumsum((1 + 0.2 * np.sin(score[:-1])) * np.diff(score))]) * quarter_s
    times = {
        "onset_s": np.interp(notes["score_onset_s"], score, at),
        "duration_s": notes["score_duration_s"] * quarter_s,
    }
    onsets = np.interp(notes.groupby("position")["score_onset_s"].min(), score, at)
    return render(notes.assign(velocity=70, **times), sound), onsets


def errors_s(
    reading: Reading, quarter_s: float, sound: str = "piano", read: Reading | None = None
) -> NDArray[np.float64]:
    """How far from the right onset each onset of ``reading`` is answered by who reads it, or ``read``."""
    audio, onsets = played(reading, quarter_s, sound)
    said = follow(OmrTracker(Knows(read or reading)), view(), audio, onset_frame(onsets), 0)
    notes = printed([reading])
    spots = notes.groupby("position")[["x_px", "system"]].first()
    middle = notes.groupby("system")["y_px"].agg(lambda y: (y.min() + y.max()) / 2)
    distance = np.abs(said.x_px[:, None] - spots["x_px"].to_numpy()) + np.abs(
        said.y_px[:, None] - spots["system"].map(middle).to_numpy()
    )
    assert distance.min(axis=1).max() < 1e-9
    return np.abs(onsets[distance.argmin(axis=1)] - onsets)


@pytest.mark.parametrize(
    ("quarter_s", "sound"), [(0.3, "piano"), (0.5, "other-piano"), (0.75, "piano"), (1.2, "piano"), (1.6, "piano")]
)
def test_follows_at_a_tempo_that_it_is_not_told(quarter_s: float, sound: str) -> None:
    errors = errors_s(melody(), quarter_s, sound)
    assert np.median(errors) <= 0.1
    assert (errors <= 0.5).mean() > 0.9


def misread(reading: Reading) -> Reading:
    """A tenth of the notes missing, one in twenty a tone too high, and every third measure a quarter too long."""
    random = np.random.default_rng(5)
    notes, measures = reading.notes.copy(), reading.measures.copy()
    late = measures["duration_quarters"].add(measures["measure"] % 3 == 1).cumsum().shift(fill_value=0.0)
    notes["onset_quarters"] += (late - measures["onset_quarters"])[notes["measure"]].to_numpy()
    measures = measures.assign(onset_quarters=late, duration_quarters=late.shift(-1, fill_value=late.max() + 4) - late)
    notes["pitch"] += 2 * (random.random(len(notes)) < 0.05)
    notes["spelling"] = notes["pitch"].map(spelled)
    return as_reading(notes[random.random(len(notes)) < 0.9], measures, reading.systems, 0.6)


def test_follows_although_some_of_it_is_read_wrong() -> None:
    errors = errors_s(melody(), 0.6, read=misread(melody()))
    assert np.median(errors) <= 0.1
    assert (errors <= 1.0).mean() > 0.9


@pytest.mark.parametrize("with_repeats", [False, True])
def test_a_repeat_is_followed_whether_it_is_played_or_not(with_repeats: bool) -> None:
    signs = {"repeat_begins": [False, True, *[False] * 4], "repeat_ends": [False, False, False, True, False, False]}
    reading = as_reading(melody().notes, melody().measures.assign(**signs), melody().systems, 0.8)
    audio, onsets = played(reading, 0.6, with_repeats=with_repeats)
    said = follow(OmrTracker(Knows(reading)), view(), audio, onset_frame(onsets), 0)
    true = printed([reading], with_repeats).groupby("position").first()
    right = (said.x_px - true["x_px"].to_numpy() == 0) & (said.y_px // 200 == true["system"].to_numpy())
    near = np.convolve(right, np.ones(3), "same") > 0  # or at the onset before, or after
    assert len(true) == (72 if with_repeats else 48)
    assert near.mean() > 0.9


def test_what_is_tied_is_not_struck_again() -> None:
    notes = printed([melody(tied=True)])
    assert (notes["pitch"] == 40).sum() == 1
    assert errors_s(melody(tied=True), 0.6).max() < 0.5


def test_no_answer_is_surer_than_the_reading() -> None:
    audio, onsets = played(melody(), 0.5)
    said = follow(OmrTracker(Knows(melody())), view(), audio, onset_frame(onsets), 0)
    assert 0.5 < said.confidence.max() <= 0.8


def test_pages_follow_one_another() -> None:
    notes = printed([small_reading(), empty_reading(), small_reading()])
    assert notes["page"].tolist() == [0] * 6 + [2] * 6
    assert notes["system"].tolist() == [0] * 6 + [1] * 6
    assert notes["position"].is_monotonic_increasing
    np.testing.assert_allclose(np.diff(notes.groupby("page")["score_onset_s"].min()), 8.0)
    said = OmrTracker(Knows(small_reading())).open(view(3), 0).hear(np.zeros(10, np.float32))
    assert (said.page, said.confidence) == (0, 0.0)


def test_onsets_that_are_nearly_one_are_one_position() -> None:
    measures = measures_of([4])
    notes = pd.DataFrame([head("C5", 1 / 3, 1), head("E5", 0.33334, 1, voice=1), head("G5", 1, 1)])
    assert printed([as_reading(notes, measures, systems_of(measures), 1.0)])["position"].tolist() == [0, 0, 1]


def test_where_nothing_is_read_it_stands_still_and_says_so() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    only_tied = pd.DataFrame([head("C5", 0, 1, tied=True)])
    measures = measures_of([4])
    for reading in (empty_reading(), as_reading(only_tied, measures, systems_of(measures), 0.5)):
        said = follow(OmrTracker(Knows(reading)), view(), noise, np.arange(15), 0)
        assert set(said.x_px) == {835 / 2}
        assert set(said.y_px) == {1181 / 2}
        assert set(said.confidence) == {0.0}
        assert said.heard_s.max() <= 1.0


def test_a_page_is_read_once() -> None:
    engine = Knows(small_reading())
    tracker = OmrTracker(engine)
    for _ in range(3):
        tracker.open(view(2), 0)
    assert engine.read_pages == 1
    tracker.open(ScoreView((PAGE.reshape(835, 1181),)), 0)  # the same bytes, another page
    assert engine.read_pages == 2


def test_what_an_engine_refuses_is_told() -> None:
    class Refuses:
        def read(self, page: NDArray[np.uint8]) -> Reading:
            raise DataError("upside down")

    with pytest.raises(DataError, match="upside down"):
        OmrTracker(Refuses()).open(view(), 0)


@pytest.mark.parametrize("reading", [melody(), empty_reading()])
def test_keeps_every_rule_of_the_interface(reading: Reading) -> None:
    results = checks(OmrTracker(Knows(reading)))
    assert [f"{r.name}: {r.reason}" for r in results if not r.passed] == []
    assert not any(r.reason.startswith("not judged") for r in results)


def test_the_sample_page_is_followed_as_it_was_read() -> None:
    recording = sample_recording()
    reading = reading_of_truth(recording, 0, 0.5)
    onsets = recording.onsets()
    audio = recording.read_audio()
    tracker = OmrTracker(Knows(reading))
    said = follow(tracker, ScoreView((recording.pages[0].image,)), audio, onset_frame(onsets["onset_s"].to_numpy()), 0)
    assert (np.abs(said.x_px - onsets["x_px"]) < 90).mean() > 0.8  # a neighbour is 85 px away; the sound is no piano's


def test_is_a_tracker_given_nothing_and_named_after_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("knows", f"{__name__}:_made", "tests", "1")
    monkeypatch.setattr(omr_engines, "engines", lambda: {"knows": entry})
    tracker = omr("knows")
    assert isinstance(tracker, Tracker)
    assert not isinstance(tracker, BatchTracker)
    assert tracker.given == frozenset()
    assert tracker.identity == {"engine": "knows", "weights": "abc"}
    assert isinstance(tracker.open(view(), 0), FastFollower)
    assert isinstance(tracker.open(view(), 0), TempiFollower)
    with pytest.raises(UsageError, match="no OMR engine called 'knew'"):
        omr("knew")


def _made() -> Knows:
    engine = Knows(small_reading())
    engine.identity = {"weights": "abc"}
    return engine


def test_the_card_says_what_the_code_does() -> None:
    import tomllib

    from baselines.omr import tempi, tracker
    from scorebench import omr_playing

    card = tomllib.loads(Path(tracker.__file__).with_name("card.toml").read_text())
    assert card["given"] == []
    assert tuple(card["parameters"]["tempi"]["quarters_a_minute"]) == tracker.QUARTERS_A_MINUTE
    assert card["parameters"]["tempi"]["patience_s"] == tempi.PATIENCE_S
    assert card["parameters"]["playing"]["grace_quarters"] == omr_playing.GRACE_QUARTERS
    assert card["parameters"]["playing"]["slack_quarters"] == omr_playing.SLACK_QUARTERS


@pytest.mark.slow
@pytest.mark.parametrize(("split", "quarter_s"), [("full", 0.5), ("subset-performance", 0.9), ("subset-room", 0.4)])
def test_with_a_perfect_reading_it_comes_close_to_the_tracker_that_is_told_the_notes(
    split: str, quarter_s: float, tmp_path: Path
) -> None:
    dataset = open_dataset("mini")
    pieces = ("BachJS__BWV269__bwv269", "MozartWA__KV545__kv545-1-exposition", "SchumannC__O1__o1-1")
    ratios = {}
    for name, tracker in (("omr", OmrTracker(TruthEngine(dataset, pieces, quarter_s))), ("score-dtw", ScoreDtw())):
        folder, failures = run(RunSpec(name, tracker, dataset, split, only=pieces), tmp_path)
        assert failures == []
        errors = folder.errors()["error_s"].abs()
        ratios[name] = np.array([(errors <= t).mean() for t in (0.05, 0.1, 0.5, 1.0, 5.0)])
    assert (ratios["omr"] > ratios["score-dtw"] - [0.08, 0.06, 0.02, 0.01, 0.005]).all(), ratios
