"""`scorebench check`."""

import sys
from pathlib import Path

import click

from scorebench.cli.options import dataset_option, fresh_option, out_option
from scorebench.errors import UsageError


@click.command()
@click.option(
    "--against",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A stored table: `scorebench table --format json > FILE`.",
)
@click.option("--tolerance", type=float, default=0.01, show_default=True, help="How far a ratio may fall.")
@click.option("--other-data", is_flag=True, help="Compare although the dataset is not the one FILE was made on.")
@dataset_option
@out_option
@fresh_option
def check(against: Path, tolerance: float, other_data: bool, dataset: str | None, out: Path, fresh: bool) -> None:
    """Run what FILE holds again and exit with 1 when a ratio fell by more than the tolerance.

    Trackers, splits, pieces and seeds are those of FILE. Use it in CI, with --fresh where runs are kept.

    \b
    Example:
      scorebench table --tracker mine --format json > stored.json
      scorebench check --against stored.json --tolerance 0.02
    """
    from scorebench.batch import run_all, specs_for
    from scorebench.dataset import open_dataset
    from scorebench.regression import compare
    from scorebench.table import collect, from_json

    try:
        stored = from_json(against.read_text(encoding="utf-8"), str(against))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{against}: cannot be read ({error})") from error
    data = open_dataset(dataset or stored.dataset)
    if data.hash != stored.dataset_hash and not other_data:
        raise UsageError(
            f"{against}: made on {stored.dataset} {stored.dataset_hash[:12]}, here is {data.name} {data.hash[:12]}: "
            "other sounds or pages give other ratios; store a new table, or pass --other-data"
        )
    trackers = list(dict.fromkeys(r.tracker for s in stored.sections for r in s.rows if r.kind != "paper"))
    seeds = max((row.seeds for s in stored.sections for row in s.rows), default=1)
    specs = specs_for(trackers, data, [s.split for s in stored.sections], stored.seed, stored.pieces, seeds=seeds)
    failures = run_all(specs, out, fresh, refresh=True)
    changes = compare(stored, collect(specs, out), tolerance)
    for change in changes:
        click.echo(f"{'WORSE' if change.worse else 'better'} {change}")
    for line in failures:
        click.echo(f"failed: {line}", err=True)
    bad = bool(failures) or any(change.worse for change in changes)
    verdict = "failed" if bad else "passed"
    click.echo(f"check {verdict}: {len(trackers)} tracker(s), tolerance {tolerance:g}, against {against}")
    sys.exit(1 if bad else 0)
