"""The conformance suite over every registered tracker, ours and any that is installed beside."""

import pytest

from scorebench.conformance import checks
from scorebench.errors import MissingDependencyError, TrackerError
from scorebench.registry import load, registered
from scorebench.tracker import Tracker

OURS = ("scorebench", "cyolo", "baselines")


def load_or_skip(name: str) -> Tracker:
    """The tracker, or skip where it needs a package that is not installed here."""
    try:
        return load(name)
    except TrackerError as error:
        missing = error.__cause__
        ours = isinstance(missing, ModuleNotFoundError) and (missing.name or "").split(".")[0] in OURS
        if isinstance(missing, ImportError | MissingDependencyError) and not ours:
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("name", list(registered()))
def test_keeps_every_rule(name: str) -> None:
    tracker = load_or_skip(name)
    try:
        results = checks(tracker)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    assert [f"{r.name}: {r.reason}" for r in results if not r.passed] == []
    assert not any(r.reason.startswith("not judged") for r in results)


def test_the_registry_is_not_empty() -> None:
    assert {"oracle", "still", "steady", "score-dtw"} <= set(registered())
