"""Run several trackers over several splits, with one progress bar and one line a result."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Protocol

from scorebench.dataset import Dataset
from scorebench.errors import ScorebenchError, UsageError
from scorebench.many_seeds import follow_together
from scorebench.progress import progress_bar
from scorebench.registry import NO_OPTIONS, load, registered
from scorebench.results import RunFolder
from scorebench.run import RunSpec, is_another_choice, is_current, is_stale, prepare, run, run_folder


class Ahead(Protocol):
    """Somebody who runs specs before ``run_all`` does."""

    def __call__(self, groups: Sequence[Sequence[RunSpec]], out: Path, *, advance: Callable[[], None]) -> None:
        """Run ``groups`` of specs, which differ in their seed alone, into ``out``; ``advance`` after each."""


def specs_for(
    trackers: Sequence[str],
    dataset: Dataset,
    splits: Sequence[str],
    seed: int = 0,
    only: Sequence[str] = (),
    options: Mapping[str, str] = NO_OPTIONS,
    seeds: int = 1,
) -> list[RunSpec]:
    """Every tracker, made with ``options``, on every split.

    Args:
        seeds: how many seeds, from ``seed`` on, for trackers that say that they are ``stochastic``.

    Raises:
        UsageError: a name does not exist; before anything is run.
    """
    for split in splits:
        if split not in dataset.splits():
            raise UsageError(f"{dataset.name} has no split {split!r}; it has {', '.join(dataset.splits())}")
    loaded = {name: load(name, options) for name in dict.fromkeys(trackers)}
    specs = [
        RunSpec(name, tracker, dataset, split, seed + more, tuple(sorted(set(only))), options)
        for split in dict.fromkeys(splits)
        for name, tracker in loaded.items()
        for more in range(seeds if getattr(tracker, "stochastic", False) else 1)
    ]
    for spec in specs:
        spec.pieces()
    return specs


def loadable() -> list[str]:
    """Names of all registered trackers that can be made; the others are named on stderr."""
    names = []
    for name in registered():
        try:
            load(name)
        except ScorebenchError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        names.append(name)
    return names


def run_all(
    specs: Sequence[RunSpec], out: Path, fresh: bool = False, refresh: bool = False, ahead: Ahead | None = None
) -> list[str]:
    """Run ``specs`` one after the other into ``out``; a line on stderr for each.

    Args:
        fresh: throw away what earlier runs left.
        refresh: throw it away only where it is of another dataset, version or seed; never where it is of weights or
            pieces that somebody chose.
        ahead: may run them before, in several processes: ``scorebench.ahead.run_ahead``.

    Returns:
        One line for each page or piece that failed.

    Raises:
        UsageError: a folder holds another run that may not be thrown away.
    """
    lines = []
    with progress_bar() as bar:

        @contextmanager
        def told(name: str, spec: RunSpec) -> Iterator[Callable[[], None]]:
            task = bar.add_task(f"{name} · {spec.split}", total=len(spec.pieces()))
            yield lambda: bar.advance(task)
            bar.remove_task(task)

        groups = [list(group) for _, group in groupby(specs, lambda spec: (spec.tracker_name, spec.split))]
        kept = set()
        for spec in specs:
            folder = run_folder(out, spec)
            stale = refresh and is_stale(folder, spec) and not is_another_choice(folder, spec)
            prepare(out, spec, fresh or stale)
            if is_current(folder, spec):
                kept.add(folder.path)
        if ahead is not None:
            task = bar.add_task("runs", total=len(groups))
            ahead(groups, out, advance=lambda: bar.advance(task))
        for seeds in groups:
            if len(seeds) > 1:
                with told(f"{seeds[0].tracker_name} ({len(seeds)} seeds)", seeds[0]) as advance:
                    follow_together(seeds, out, advance)
            for spec in seeds:
                with told(_name(spec), spec) as advance:
                    folder, failures = run(spec, out, advance=advance)
                before = " (as it was run before)" if folder.path in kept else ""
                bar.console.print(_one_line(spec, folder) + before, highlight=False, soft_wrap=True)
                lines += [f"{_name(spec)}, {spec.split}: {failure}" for failure in failures]
    sys.stderr.flush()
    return lines


def _name(spec: RunSpec) -> str:
    return f"{spec.tracker_name} (seed {spec.seed})" if spec.seed else spec.tracker_name


def _one_line(spec: RunSpec, folder: RunFolder) -> str:
    figures = folder.metrics["strict"]
    ratios = "  ".join(f"≤{t:g} s {r:.3f}" for t, r in zip(figures["thresholds_s"], figures["micro"], strict=True))
    return f"{_name(spec)} on {spec.dataset.name} {spec.split} (strict): {ratios}  {folder.path}"
