"""The conformance suite can fail: each bad tracker is caught by just the check that is about its fault."""

import numpy as np
import pytest

from scorebench.conformance import CheckResult, checks
from scorebench.conformance_trial import sample_sound
from scorebench.errors import MissingDependencyError, NotGivenError
from scorebench.score import GIVEN, ScoreView
from scorebench.tracker import Position, Positions, stream

GIVEN_ONLY = "reads only what it is given"
INPUT = "leaves its input as it is"
ANSWERS = "answers every frame"
ON_PAGE = "stays on the page"
SILENCE, NOISE, SHORT = "survives silence", "survives noise", "survives 0.05 s of sound"
TWICE = "gives the same answers twice"
CHUNKS = "gives the same answers in any chunks"
FAST = "`follow` equals `hear`"
MANY = "`follow_many` equals `follow`"
SEEDS = "`follow_seeds` equals `follow`"
FUTURE = "does not hear the future"
RULES = [GIVEN_ONLY, INPUT, ANSWERS, ON_PAGE, SILENCE, NOISE, SHORT, TWICE, CHUNKS, FAST, MANY, SEEDS, FUTURE]


class Loudness:
    """A well-behaved follower: its place is the loudness of the last tenth of a second heard."""

    def __init__(self) -> None:
        self.recent, self.heard = np.zeros(2205, np.float32), 0

    def hear(self, samples: np.ndarray) -> Position:
        self.heard += len(samples)
        self.recent = np.concatenate([self.recent, samples])[-2205:]
        return self.at(float(np.abs(self.recent).max()))

    def at(self, loud: float) -> Position:
        return Position(min(loud, 1.0) * 800, 100.0, heard_s=self.heard / 22050)


class Good:
    given: frozenset[str] = frozenset()
    follower: type = Loudness

    def open(self, score: ScoreView, seed: int) -> object:
        return self.follower()


def with_follower(follower: type) -> object:
    return type("Tracker", (Good,), {"follower": follower})()


class GoodAndFast(Loudness):
    def follow(self, audio: np.ndarray, frames: np.ndarray) -> Positions:
        return stream(Loudness(), audio, frames)


class LooksAhead(Loudness):
    def follow(self, audio: np.ndarray, frames: np.ndarray) -> Positions:
        return stream(Loudness(), np.roll(audio, -5000), frames)


class LooksForClipping(Loudness):
    """Equal to hearing on every sound that is not loud: only an altered future gives it away."""

    def follow(self, audio: np.ndarray, frames: np.ndarray) -> Positions:
        return stream(Loudness(), np.zeros_like(audio) if np.abs(audio).max() > 0.99 else audio, frames)


class FastIsOff(Loudness):
    def follow(self, audio: np.ndarray, frames: np.ndarray) -> Positions:
        rows = stream(Loudness(), audio, frames)
        return Positions(**{**rows.__dict__, "x_px": rows.x_px + 1})


class FastNeedsEveryFrame(Loudness):
    def follow(self, audio: np.ndarray, frames: np.ndarray) -> Positions:
        every = stream(Loudness(), audio, np.arange(len(frames)))
        return Positions(frames, *(getattr(every, c) for c in every.__dict__ if c != "frame"))


class CountsCalls(Loudness):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def hear(self, samples: np.ndarray) -> Position:
        self.calls += 1
        return Position(float(self.calls % 800), 100.0)


class SeesOnlyTheLastChunk(Loudness):
    def hear(self, samples: np.ndarray) -> Position:
        return Position(float(np.abs(samples).max(initial=0.0)) * 800, 100.0)


class OffThePage(Loudness):
    def at(self, loud: float) -> Position:
        return Position(836.0, 100.0)


class OnAnotherPage(Loudness):
    def at(self, loud: float) -> Position:
        return Position(1.0, 100.0, page=1)


class TooConfident(Loudness):
    def at(self, loud: float) -> Position:
        return Position(1.0, 100.0, confidence=1.5)


class ClaimsTooMuch(Loudness):
    def at(self, loud: float) -> Position:
        return Position(1.0, 100.0, heard_s=self.heard / 22050 + 0.1)


class NotANumber(Loudness):
    def at(self, loud: float) -> Position:
        return Position(float("nan"), 100.0)


class Mute(Loudness):
    def hear(self, samples: np.ndarray) -> Position:
        return None  # type: ignore[return-value]


class Dice(Loudness):
    def at(self, loud: float) -> Position:
        return Position(float(np.random.default_rng().uniform(0, 800)), 100.0)


class SharedState(Loudness):
    everything = np.zeros(1)

    def hear(self, samples: np.ndarray) -> Position:
        SharedState.everything[0] += np.abs(samples).sum()
        return Position(float(SharedState.everything[0] % 800), 100.0)


class DiesInSilence(Loudness):
    def at(self, loud: float) -> Position:
        return Position(800 * (1.0 if self.heard < 22050 else 1 / loud and 0.5), 100.0)


class DiesInNoise(Loudness):
    def at(self, loud: float) -> Position:
        assert self.heard > 22050 or loud < 0.99, "clipped"
        return super().at(loud)


class DiesWhenShort(Loudness):
    def hear(self, samples: np.ndarray) -> Position:
        if not self.heard and len(samples) == 1102:
            raise IndexError("not even one window")
        return super().hear(samples)


class SpoilsTheSound(Loudness):
    def hear(self, samples: np.ndarray) -> Position:
        said = super().hear(samples)
        samples *= 0
        return said


class ReadsNotes(Good):
    def open(self, score: ScoreView, seed: int) -> Loudness:
        len(score.notes)
        return Loudness()


class HidesThatItReadsTruth(Good):
    def open(self, score: ScoreView, seed: int) -> Loudness:
        try:
            len(score.truth)
        except NotGivenError:
            return Loudness()
        raise AssertionError("the truth was handed over")


class LooksBehindTheView(Good):
    def open(self, score: ScoreView, seed: int) -> Loudness:
        score.told.get("truth")
        return Loudness()


class DrawsOnThePage(Good):
    def open(self, score: ScoreView, seed: int) -> Loudness:
        score.pages[0][:10] = 0
        return Loudness()


class MovesTheSystems(Good):
    given = frozenset({"systems"})

    def open(self, score: ScoreView, seed: int) -> Loudness:
        score.systems["x_px"] += 1
        return Loudness()


class ManyIsOff(Good):
    def follow_many(self, jobs: list, seed: int) -> list[Positions]:
        return [stream(Loudness(), audio * 0.5, frames) for _, audio, frames in jobs]


class ManyForgetsOne(Good):
    def follow_many(self, jobs: list, seed: int) -> list[Positions]:
        return [stream(Loudness(), audio, frames) for _, audio, frames in jobs[1:]]


class ManyIsGood(Good):
    def follow_many(self, jobs: list, seed: int) -> list[Positions]:
        return [stream(Loudness(), audio, frames) for _, audio, frames in jobs]


class NeedsWhatIsNotThere(Good):
    def open(self, score: ScoreView, seed: int) -> object:
        raise MissingDependencyError("no soundfont; install one")


class Seeded(Good):
    """Random, but only by its seed."""

    def open(self, score: ScoreView, seed: int) -> Loudness:
        follower, x = Loudness(), float(np.random.default_rng(seed).uniform(0, 800))
        follower.at = lambda loud: Position(x, 100.0)  # type: ignore[method-assign]
        return follower


class SeedsAreGood(Seeded):
    def follow_seeds(self, score: ScoreView, audio: np.ndarray, frames: np.ndarray, seeds: list) -> list[Positions]:
        return [stream(self.open(score, seed), audio, frames) for seed in seeds]


class SeedsAreAllTheSame(SeedsAreGood):
    def follow_seeds(self, score: ScoreView, audio: np.ndarray, frames: np.ndarray, seeds: list) -> list[Positions]:
        return super().follow_seeds(score, audio, frames, [seeds[0]] * len(seeds))


class SeedsForgetOne(SeedsAreGood):
    def follow_seeds(self, score: ScoreView, audio: np.ndarray, frames: np.ndarray, seeds: list) -> list[Positions]:
        return super().follow_seeds(score, audio, frames, seeds[1:])


def results_of(tracker: object) -> dict[str, CheckResult]:
    return {result.name: result for result in checks(tracker)}  # type: ignore[arg-type]


def failed(tracker: object) -> list[str]:
    return [name for name, result in results_of(tracker).items() if not result.passed]


@pytest.mark.parametrize("tracker", [Good(), with_follower(GoodAndFast), ManyIsGood(), Seeded(), SeedsAreGood()])
def test_a_good_tracker_passes(tracker: object) -> None:
    results = results_of(tracker)
    assert list(results) == RULES
    assert all(result.passed for result in results.values())


@pytest.mark.parametrize(
    ("tracker", "rules"),
    [
        (with_follower(LooksForClipping), [FUTURE]),
        (with_follower(LooksAhead), [FAST, FUTURE]),  # who hears ahead cannot answer the same as who does not
        (with_follower(FastIsOff), [FAST]),
        (with_follower(FastNeedsEveryFrame), [FAST]),
        (with_follower(CountsCalls), [CHUNKS]),
        (with_follower(SeesOnlyTheLastChunk), [CHUNKS]),
        (with_follower(OffThePage), [ON_PAGE]),
        (with_follower(OnAnotherPage), [ON_PAGE]),
        (with_follower(TooConfident), [ON_PAGE]),
        (with_follower(ClaimsTooMuch), [ON_PAGE]),
        (with_follower(NotANumber), [ANSWERS]),
        (with_follower(Mute), [ANSWERS]),
        (with_follower(Dice), [TWICE]),
        (with_follower(SharedState), [TWICE]),
        (with_follower(DiesInSilence), [SILENCE]),
        (with_follower(DiesInNoise), [NOISE]),
        (with_follower(DiesWhenShort), [SHORT]),
        (with_follower(SpoilsTheSound), [INPUT]),
        (ReadsNotes(), [GIVEN_ONLY]),
        (HidesThatItReadsTruth(), [GIVEN_ONLY]),
        (LooksBehindTheView(), [GIVEN_ONLY]),
        (DrawsOnThePage(), [INPUT]),
        (MovesTheSystems(), [INPUT]),
        (ManyIsOff(), [MANY]),
        (ManyForgetsOne(), [MANY]),
        (SeedsAreAllTheSame(), [SEEDS]),
        (SeedsForgetOne(), [SEEDS]),
    ],
    ids=lambda value: None if isinstance(value, list) else getattr(value, "follower", type(value)).__name__,
)
def test_a_fault_is_caught_by_the_check_that_is_about_it(tracker: object, rules: list[str]) -> None:
    assert failed(tracker) == rules


def test_reasons_say_what_and_where() -> None:
    off, mute = results_of(with_follower(OffThePage)), results_of(with_follower(Mute))
    assert off[ON_PAGE].reason == "frame 0: x_px is 836; the page is 835 px wide"
    assert mute[ANSWERS].reason.startswith("AttributeError: ")
    assert results_of(HidesThatItReadsTruth())[GIVEN_ONLY].reason == "it reads truth and declares nothing in `given`"
    assert results_of(MovesTheSystems())[INPUT].reason == "it alters the systems; work on a copy"
    assert results_of(with_follower(CountsCalls))[CHUNKS].reason.startswith("frame 0: x_px is 4 in small pieces")


def test_what_cannot_be_judged_is_skipped_and_says_why() -> None:
    dice, mute = results_of(with_follower(Dice)), results_of(with_follower(Mute))
    assert (dice[CHUNKS].status, dice[CHUNKS].reason) == ("skip", "not judged: its answers change by themselves")
    assert (mute[CHUNKS].status, mute[CHUNKS].reason) == ("skip", "not judged: it does not answer")
    assert results_of(ReadsNotes())[ANSWERS].reason == "not judged: it reads what it is not given"


def test_a_missing_dependency_says_nothing_about_the_tracker() -> None:
    with pytest.raises(MissingDependencyError, match="no soundfont"):
        checks(NeedsWhatIsNotThere())  # type: ignore[arg-type]


def test_the_sample_page_gives_everything_and_asks_frames_beyond_the_end_of_its_sound() -> None:
    sample = sample_sound()
    assert set(sample.told) == set(GIVEN)
    assert len(sample.told["truth"]) == 24
    assert 2048 + 1102 * int(sample.frames[-1]) > len(sample.audio)
    assert (sample.page < 128).mean() > 0.01
