"""Engines by name, and what goes wrong with foreign ones."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from scorebench import omr_engines, registry
from scorebench.errors import MissingDependencyError, ScorebenchError, TrackerError, UsageError
from scorebench.omr import OmrEngine
from scorebench.omr_engines import engines, load_engine


class Reads:
    def read(self, page: object) -> None: ...


class Speaks:
    def speak(self) -> None: ...


def misses_something() -> Reads:
    raise MissingDependencyError("install it first")


def breaks() -> Reads:
    raise ZeroDivisionError("by zero")


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = {
        "reads": f"{__name__}:Reads",
        "speaks": f"{__name__}:Speaks",
        "misses": f"{__name__}:misses_something",
        "breaks": f"{__name__}:breaks",
        "absent": "no.such.module:Engine",
    }
    found = EntryPoints(EntryPoint(name, target, omr_engines.GROUP) for name, target in targets.items())
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == omr_engines.GROUP else EntryPoints())
    engines.cache_clear()
    yield
    engines.cache_clear()


def test_an_engine_is_found_by_name() -> None:
    assert list(engines()) == ["absent", "breaks", "misses", "reads", "speaks"]
    assert isinstance(load_engine("reads"), OmrEngine)


def test_a_name_close_to_a_known_one_is_suggested() -> None:
    with pytest.raises(UsageError, match=r"no OMR engine called 'read'; did you mean reads or breaks"):
        load_engine("read")


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("absent", TrackerError, "ModuleNotFoundError"),
        ("breaks", TrackerError, "ZeroDivisionError: by zero"),
        ("speaks", TrackerError, "has no `read`"),
        ("misses", MissingDependencyError, "install it first"),
    ],
)
def test_what_cannot_be_made_is_named(name: str, error: type[ScorebenchError], says: str) -> None:
    with pytest.raises(error, match=says):
        load_engine(name)
