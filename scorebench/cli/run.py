"""`scorebench run`."""

import sys
from functools import partial
from pathlib import Path

import click

from scorebench.cli.options import (
    checkpoint_option,
    dataset_option,
    device_option,
    fresh_option,
    jobs_option,
    out_option,
    piece_option,
    seed_option,
    seeds_option,
    tracker_option,
    tracker_options,
)
from scorebench.errors import UsageError


@click.command()
@tracker_option
@click.option("--split", "splits", multiple=True, metavar="S", help="A split of the dataset (may be repeated).")
@click.option("--performer", metavar="P", help="One pianist of a split that has several: p01, p02, ...")
@dataset_option
@piece_option
@out_option
@seed_option
@seeds_option(1)
@jobs_option
@fresh_option
@checkpoint_option
@device_option
def run(
    trackers: tuple[str, ...],
    splits: tuple[str, ...],
    performer: str | None,
    dataset: str | None,
    pieces: tuple[str, ...],
    out: Path,
    seed: int,
    seeds: int,
    jobs: int,
    fresh: bool,
    checkpoint: str | None,
    device: str | None,
) -> None:
    """Follow every page of a split with one or more trackers.

    Killed and run again, it does the rest. A page that fails is reported, its onsets count as missed,
    and the exit code is 1; run again, only failed pages are tried again.

    \b
    Example:
      scorebench run --tracker score-dtw --tracker steady --split subset-room
      scorebench run --tracker score-dtw --split subset-performance --performer p07 --dataset performed
      scorebench run --tracker cyolo --checkpoint best_model.pt --split full --out runs-of-mine
    """
    from scorebench.ahead import run_ahead
    from scorebench.batch import run_all, specs_for
    from scorebench.dataset import open_dataset

    if not trackers or not splits:
        raise UsageError("name at least one --tracker and one --split; `scorebench trackers` lists trackers")
    if performer is not None:
        splits = tuple(f"{split}@{performer}" for split in splits)
    options = tracker_options(checkpoint, device)
    specs = specs_for(trackers, open_dataset(dataset), splits, seed, pieces, options, seeds)
    ahead = partial(run_ahead, jobs=jobs, dataset=dataset, options=options) if jobs > 1 else None
    failures = run_all(specs, out, fresh, ahead=ahead)
    for line in failures:
        click.echo(f"failed: {line}", err=True)
    sys.exit(1 if failures else 0)
