"""Find engines of optical music recognition by name, ours and anybody's: entry points ``scorebench.omr_engines``."""

from functools import cache
from importlib.metadata import EntryPoint

from scorebench.errors import ScorebenchError, TrackerError
from scorebench.omr import OmrEngine
from scorebench.registry import Entry, choose, entries_of

GROUP = "scorebench.omr_engines"
DEFAULT = "built-in"


@cache
def engines() -> dict[str, Entry]:
    """Every registered engine by name. Imports none of them."""
    return entries_of(GROUP)


def load_engine(name: str = DEFAULT) -> OmrEngine:
    """Import and make the engine called ``name``.

    Raises:
        UsageError: no such engine.
        ScorebenchError: it says itself what it misses, such as a program that is not installed.
        TrackerError: its module does not import, or what it makes does not read.
    """
    entry = choose(engines(), name, "OMR engine")
    try:
        engine = EntryPoint(name, entry.target, GROUP).load()()
    except ScorebenchError:
        raise
    except (Exception, SystemExit) as error:  # anything can happen in a foreign module
        raise TrackerError(
            f"OMR engine {name!r} ({entry.distribution}): {entry.target} cannot be made: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(engine, OmrEngine):
        raise TrackerError(f"OMR engine {name!r} ({entry.distribution}): {entry.target} has no `read`")
    return engine
