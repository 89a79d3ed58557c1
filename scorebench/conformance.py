"""What every tracker must do whatever it is worth: ``scorebench check-tracker NAME``.

Each check is one rule of the tracker interface, tried on a small page made in code (``samplepage``). A check that
cannot be judged because an earlier one failed is skipped and says so: one fault, one failed check.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scorebench.conformance_trial import Sound, Trial, sample_sound
from scorebench.errors import MissingDependencyError, NotGivenError, TrackerError
from scorebench.timebase import SAMPLE_RATE, samples_heard
from scorebench.tracker import POSITION_COLUMNS, BatchTracker, Positions, SeedsTracker, Tracker, validate

TOLERANCE = {"x_px": 0.01, "y_px": 0.01, "w_px": 0.01, "h_px": 0.01, "page": 0.0, "confidence": 1e-3, "heard_s": 1e-6}
"""How much two ways to compute one position may differ: no protocol can see it, and float32 arithmetic on batches of
another shape stays far below it. The same way twice must give the same bits."""

Status = Literal["pass", "fail", "skip"]


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes:
        name: the rule, in a few words.
        status: "skip" where the rule does not apply or cannot be judged.
        reason: what was seen; empty for a plain pass.
    """

    name: str
    status: Status
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong here."""
        return self.status != "fail"


class _Broken(Exception):
    """A rule is broken; the text says how."""


class _Skipped(Exception):
    """A rule cannot be judged; the text says why."""


@dataclass(frozen=True)
class _Bench:
    """What the checks share: the tracker under test, and its answers when it hears the sample frame by frame."""

    trial: Trial
    sample: Sound
    answers: Positions
    seed: int

    def random(self) -> np.random.Generator:
        """The same randomness for each check, whichever ran before."""
        return np.random.default_rng(self.seed)


def checks(tracker: Tracker, seed: int = 0) -> list[CheckResult]:
    """Try every rule of the interface on ``tracker``.

    Args:
        seed: handed to the tracker, and decides how the sound is cut and altered.

    Returns:
        One result a rule, always the same rules in the same order.

    Raises:
        MissingDependencyError: the tracker cannot run on this machine.
    """
    trial, sample = Trial(tracker, seed), sample_sound()
    heard: list[Positions] = []
    answers = _judge("answers every frame", lambda: heard.append(_first_answers(trial, sample)))
    bench = _Bench(trial, sample, heard[0], seed) if heard else None
    later = list(_run_later(bench))
    # The first two are judged over all that was played, and told first, since they explain what follows.
    given = _judge("reads only what it is given", _reads_given, trial)
    return [given, _judge("leaves its input as it is", _leaves_input, trial), answers, *later]


def _run_later(bench: _Bench | None) -> Iterator[CheckResult]:
    """The rules that need the first answers; those that compare with them, only if they are always the same."""
    stable = True
    for name, check in {**_ABSOLUTE, **_COMPARING}.items():
        if bench is None:
            yield CheckResult(name, "skip", "not judged: it does not answer")
        elif name in _COMPARING and not stable:
            yield CheckResult(name, "skip", "not judged: its answers change by themselves")
        else:
            result = _judge(name, check, bench)
            stable = stable and not (check is _repeats and result.status == "fail")
            yield result


def _judge(name: str, check: Callable[..., None], *args: Any) -> CheckResult:
    try:
        check(*args)
    except MissingDependencyError:  # says nothing about the tracker
        raise
    except NotGivenError:
        return CheckResult(name, "skip", "not judged: it reads what it is not given")
    except _Skipped as skipped:
        return CheckResult(name, "skip", str(skipped))
    except (_Broken, TrackerError) as broken:
        return CheckResult(name, "fail", str(broken))
    except Exception as error:  # noqa: BLE001 - anything can happen in a tracker under test
        return CheckResult(name, "fail", " ".join(f"{type(error).__name__}: {error}".split()))
    return CheckResult(name, "pass")


def _reads_given(trial: Trial) -> None:
    if trial.refused:
        declared = ", ".join(sorted(trial.tracker.given)) or "nothing"
        raise _Broken(f"it reads {', '.join(sorted(trial.refused))} and declares {declared} in `given`")


def _leaves_input(trial: Trial) -> None:
    if trial.altered:
        raise _Broken(f"it alters {', '.join(sorted(trial.altered))}; work on a copy")


def _first_answers(trial: Trial, sample: Sound) -> Positions:
    answers = trial.hear(sample)
    validate(answers, sample.frames)
    return answers


def _on_the_page(bench: _Bench) -> None:
    said = bench.answers
    height, width = bench.sample.page.shape
    _demand(said.page == 0, said, "page", "there is one page, 0")
    _demand((said.x_px >= 0) & (said.x_px <= width), said, "x_px", f"the page is {width} px wide")
    _demand((said.y_px >= 0) & (said.y_px <= height), said, "y_px", f"the page is {height} px high")
    for name in ("w_px", "h_px"):
        _demand(getattr(said, name) >= 0, said, name, "a box has no negative size")
    _demand((said.confidence >= 0) & (said.confidence <= 1), said, "confidence", "it goes from 0 to 1")
    heard = [min(samples_heard(int(frame)), len(bench.sample.audio)) for frame in said.frame]
    _demand(said.heard_s >= 0, said, "heard_s", "it cannot be negative")
    longest_s = np.array(heard) / SAMPLE_RATE + TOLERANCE["heard_s"]
    _demand(said.heard_s <= longest_s, said, "heard_s", "more than was played to it")


def _demand(good: NDArray[np.bool_], said: Positions, name: str, rule: str) -> None:
    if not good.all():
        at = int(np.argmin(good))
        raise _Broken(f"frame {said.frame[at]}: {name} is {getattr(said, name)[at]:g}; {rule}")


def _survives(make: Callable[[np.random.Generator], NDArray[np.float64]]) -> Callable[[_Bench], None]:
    """Whether it answers a sound in which there is nothing to follow."""

    def check(bench: _Bench) -> None:
        sound = bench.sample.with_audio(make(bench.random()))
        validate(bench.trial.follow(sound), sound.frames)

    return check


def _repeats(bench: _Bench) -> None:
    """The same sound to a second follower, while a third one hears another."""
    noise = bench.sample.with_audio(bench.random().normal(0, 0.1, len(bench.sample.audio)))
    _same(bench.answers, bench.trial.hear_beside(bench.sample, noise), "the second time", exact=True)


def _chunks(bench: _Bench) -> None:
    random = bench.random()
    _same(bench.answers, bench.trial.hear_in_pieces(bench.sample, random), "in small pieces")
    few = bench.sample.asked_at(np.unique(random.choice(bench.sample.frames, 8)))
    _same(_rows(bench.answers, few.frames), bench.trial.hear(few), "in a few long pieces")


def _fast_path(bench: _Bench) -> None:
    """`follow` against `hear`: at every frame, at some, and in a sound shorter than its frames."""
    trial, sample = bench.trial, bench.sample
    if not trial.fast:
        raise _Skipped("it has no fast path `follow`")
    _same(bench.answers, trial.follow(sample), "by `follow`")
    some = sample.asked_at(sample.frames[3::7])
    _same(_rows(bench.answers, some.frames), trial.follow(some), "by `follow`, asked at every 7th frame")
    short = sample.with_audio(sample.audio[: SAMPLE_RATE // 20])
    _same(trial.hear(short), trial.follow(short), "by `follow`, of 0.05 s")


def _many(bench: _Bench) -> None:
    """`follow_many`, over jobs of different lengths, against following each by itself."""
    tracker, sample = bench.trial.tracker, bench.sample
    if not isinstance(tracker, BatchTracker):
        raise _Skipped("it has no fast path `follow_many`")
    jobs = [sample, sample.with_audio(sample.audio[: len(sample.audio) // 2]), sample.asked_at(sample.frames[::5])]
    answers = bench.trial.follow_many(tracker, jobs)
    if len(answers) != len(jobs):
        raise _Broken(f"{len(answers)} answers to {len(jobs)} jobs")
    for number, (job, said) in enumerate(zip(jobs, answers, strict=True)):
        _same(bench.trial.follow(job), said, f"by `follow_many` (job {number})")


def _seeds(bench: _Bench) -> None:
    """`follow_seeds` against opening with each seed by itself."""
    tracker, sample = bench.trial.tracker, bench.sample
    if not isinstance(tracker, SeedsTracker):
        raise _Skipped("it has no fast path `follow_seeds`")
    seeds = [bench.seed + 1, bench.seed]
    answers = bench.trial.follow_seeds(tracker, sample, seeds)
    if len(answers) != len(seeds):
        raise _Broken(f"{len(answers)} answers to {len(seeds)} seeds")
    for seed, said in zip(seeds, answers, strict=True):
        _same(Trial(tracker, seed).follow(sample), said, f"by `follow_seeds` (seed {seed})")


def _causality(bench: _Bench) -> None:
    """Whatever comes after frame f, the answers up to f stay. It is music: other sounds have checks of their own."""
    sample = bench.sample
    unaltered = bench.trial.follow(sample)
    for share, peak in ((0.35, 1.0), (0.7, 0.02)):
        cut = int(sample.frames[int(len(sample.frames) * share)])
        past = sample.audio[: samples_heard(cut)]
        future = sample.audio[::-1][: len(sample.audio) - len(past)]
        audio = np.concatenate([past, future * (peak / np.abs(future).max())])
        said, upto = bench.trial.follow(sample.with_audio(audio)), sample.frames[sample.frames <= cut]
        _same(_rows(unaltered, upto), _rows(said, upto), f"when other music follows frame {cut}", exact=True)


_Check = Callable[[_Bench], None]
_ABSOLUTE: Mapping[str, _Check] = {
    "stays on the page": _on_the_page,
    "survives silence": _survives(lambda _: np.zeros(2 * SAMPLE_RATE)),
    "survives noise": _survives(lambda random: random.uniform(-1, 1, 2 * SAMPLE_RATE)),
    "survives 0.05 s of sound": _survives(lambda random: random.normal(0, 0.1, SAMPLE_RATE // 20)),
    "gives the same answers twice": _repeats,
}
_COMPARING: Mapping[str, _Check] = {
    "gives the same answers in any chunks": _chunks,
    "`follow` equals `hear`": _fast_path,
    "`follow_many` equals `follow`": _many,
    "`follow_seeds` equals `follow`": _seeds,
    "does not hear the future": _causality,
}


def _rows(positions: Positions, frames: NDArray[np.int64]) -> Positions:
    """The answers at ``frames`` only."""
    kept = np.isin(positions.frame, frames)
    return Positions(*(getattr(positions, name)[kept] for name in ("frame", *POSITION_COLUMNS)))


def _same(before: Positions, said: Positions, when: str, exact: bool = False) -> None:
    """Refuse ``said`` where it is not what was said ``before``; ``when`` tells what was different this time."""
    validate(said, before.frame)
    for name in POSITION_COLUMNS:
        old, new = getattr(before, name), getattr(said, name)
        differs = np.abs(new - old) > (0.0 if exact else TOLERANCE[name])
        if differs.any():
            at = int(np.argmax(differs))
            raise _Broken(f"frame {before.frame[at]}: {name} is {new[at]:g} {when}, and was {old[at]:g}")
