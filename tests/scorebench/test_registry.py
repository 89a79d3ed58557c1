"""Names, collisions and trackers that cannot be made."""

import pytest

from scorebench import registry
from scorebench.errors import TrackerError, UsageError
from scorebench.registry import Entry, find, load, resolve
from scorebench.tracker import Tracker
from scorebench.trackers.still import Still


def entry(name: str, distribution: str, target: str = "scorebench.trackers.still:Still") -> Entry:
    return Entry(name, target, distribution, "1")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    monkeypatch.setattr(registry, "registered", lambda: entries)
    return entries


def test_our_own_name_cannot_be_taken() -> None:
    found = resolve([entry("oracle", "aaa"), entry("oracle", "scorebench")])
    assert found["oracle"].distribution == "scorebench"
    assert found["oracle"].shadowed == ("aaa",)


def test_the_same_entry_found_twice_is_no_collision() -> None:
    assert resolve([entry("x", "a"), entry("x", "a")])["x"].shadowed == ()


def test_two_foreign_packages_with_one_name_are_both_refused(known: dict[str, Entry]) -> None:
    known.update(resolve([entry("x", "b"), entry("x", "a")]))
    with pytest.raises(UsageError, match="registered by a, b"):
        find("x")


def test_a_name_close_to_a_known_one_is_suggested(known: dict[str, Entry]) -> None:
    known.update(resolve([entry("score-dtw", "scorebench"), entry("cyolo-ir", "scorebench")]))
    with pytest.raises(UsageError, match="did you mean score-dtw"):
        find("score_dtw")
    with pytest.raises(UsageError, match="known: cyolo-ir, score-dtw"):
        find("zzz")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("no.such.module:Thing", "ModuleNotFoundError"),
        ("scorebench.trackers.still:Nothing", "AttributeError"),
        ("scorebench.score:ScoreView", "TypeError"),
        ("scorebench.errors:ScorebenchError", "no `given` and `open`"),
        ("tests.scorebench.test_registry:Greedy", "declares given"),
    ],
)
def test_what_is_no_tracker_is_named(known: dict[str, Entry], target: str, says: str) -> None:
    known.update(resolve([entry("x", "somebody", target)]))
    with pytest.raises(TrackerError, match=says) as caught:
        load("x")
    assert "'x'" in str(caught.value)


class Greedy:
    given = frozenset({"everything"})

    def open(self, score: object, seed: int) -> None:
        return None


def test_options_reach_what_makes_a_tracker(known: dict[str, Entry]) -> None:
    known.update(resolve([entry("x", "a", "tests.scorebench.test_registry:with_device")]))
    assert load("x", {"device": "cpu"}).device == "cpu"  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="'x' takes no --checkpoint"):
        load("x", {"checkpoint": "weights.pt"})


def with_device(device: str = "none") -> Tracker:
    """A tracker that remembers an option."""
    tracker = Still()
    tracker.device = device  # type: ignore[attr-defined]
    return tracker
