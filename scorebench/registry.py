"""Find trackers by name, ours and anybody's, through the entry points ``scorebench.trackers``."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from scorebench.errors import TrackerError, UsageError
from scorebench.score import GIVEN
from scorebench.tracker import Tracker

GROUP = "scorebench.trackers"
OWN_DISTRIBUTION = "scorebench"
NO_OPTIONS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Entry:
    """A registered tracker, not yet imported.

    Attributes:
        name: what the command line calls it.
        target: ``module:attribute`` that makes it when called without arguments.
        distribution: the installed package that registers it, and its version.
        shadowed: other packages that register the same name and lose to this one.
    """

    name: str
    target: str
    distribution: str
    version: str
    shadowed: tuple[str, ...] = ()


def _found(point: EntryPoint) -> Entry:
    dist = point.dist
    name, version = (dist.name, dist.version) if dist is not None else ("unknown", "0")
    return Entry(point.name, point.value, name, version)


def resolve(entries: Iterable[Entry]) -> dict[str, Entry]:
    """One entry a name. Our own trackers cannot be replaced.

    Two foreign packages that register one name are both refused when it is used: which one wins must not
    depend on the order of installation.
    """
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        rivals = by_name.setdefault(entry.name, [])
        if entry not in rivals:
            rivals.append(entry)
    resolved = {}
    for name, rivals in by_name.items():
        rivals.sort(key=lambda e: (e.distribution != OWN_DISTRIBUTION, e.distribution, e.target))
        first, *rest = rivals
        resolved[name] = Entry(
            first.name, first.target, first.distribution, first.version, tuple(e.distribution for e in rest)
        )
    return dict(sorted(resolved.items()))


def entries_of(group: str) -> dict[str, Entry]:
    """Every entry of an entry point group by name. Imports none of them."""
    return resolve(_found(point) for point in entry_points(group=group))


@cache
def registered() -> dict[str, Entry]:
    """Every registered tracker by name. Imports none of them."""
    return entries_of(GROUP)


def find(name: str) -> Entry:
    """The entry called ``name``.

    Raises:
        UsageError: there is none (with the nearest names), or two packages fight for it.
    """
    return choose(registered(), name, "tracker")


def choose(entries: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """The one of ``entries`` called ``name``; ``kind`` is the word for what they are.

    Raises:
        UsageError: there is none (with the nearest names), or two packages fight for it.
    """
    if name not in entries:
        near = difflib.get_close_matches(name, entries, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(entries)}"
        raise UsageError(f"no {kind} called {name!r}; {hint}")
    entry = entries[name]
    if entry.shadowed and entry.distribution != OWN_DISTRIBUTION:
        rivals = ", ".join((entry.distribution, *entry.shadowed))
        raise UsageError(f"{kind} {name!r} is registered by {rivals}: uninstall all but one of them")
    return entry


def load(name: str, options: Mapping[str, str] = NO_OPTIONS) -> Tracker:
    """Import and make the tracker called ``name``.

    Args:
        options: keyword arguments for what makes it, such as ``checkpoint`` or ``device``.

    Raises:
        UsageError: no such tracker, or one that does not take these options.
        TrackerError: its module does not import, or what it makes is no tracker.
    """
    entry = find(name)
    module, _, attribute = entry.target.partition(":")
    try:
        make = EntryPoint(name, entry.target, GROUP).load()
        _demand_options(name, make, options)
        tracker = make(**options)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # anything can happen in a foreign module
        raise TrackerError(
            f"tracker {name!r} ({entry.distribution}): {module}:{attribute} cannot be made: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(tracker, Tracker):
        raise TrackerError(f"tracker {name!r} ({entry.distribution}): {entry.target} has no `given` and `open`")
    unknown = set(tracker.given) - set(GIVEN)
    if unknown:
        raise TrackerError(f"tracker {name!r} declares given {sorted(unknown)}; possible are {', '.join(GIVEN)}")
    return tracker


def _demand_options(name: str, make: Callable[..., object], options: Mapping[str, str]) -> None:
    """UsageError unless ``make`` takes all of ``options``."""
    if not options:
        return
    taken = inspect.signature(make).parameters
    refused = [option for option in options if option not in taken]
    if refused:
        raise UsageError(f"tracker {name!r} takes no --{', --'.join(refused)}")
