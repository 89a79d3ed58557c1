"""`scorebench bench`."""

from pathlib import Path

import click

from scorebench.bench import BENCHMARKS, Rows, load, machine
from scorebench.files import write_json


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write the numbers.")
def bench(names: tuple[str, ...], json_file: Path | None) -> None:
    """Measure speed and exactness on this machine; without a NAME, everything.

    Names: protocol (positions to errors), warping (on-line time warping beside off-line warping), and the trackers
    cyolo, mm-loc, rl and omr.

    \b
    Example:
      scorebench bench warping --json warping.json
    """
    from rich.console import Console

    runs = {name: load(name) for name in dict.fromkeys(names or BENCHMARKS)}
    console, told = Console(stderr=True), machine()
    click.echo(", ".join(f"{key} {value}" for key, value in told.items()))
    results: dict[str, Rows] = {}
    for name, run in runs.items():
        with console.status(f"{name} ..."):
            results[name] = run()
        click.echo(_as_text(BENCHMARKS[name][1], results[name]))
    if json_file is not None:
        write_json(json_file, {"machine": told, "benchmarks": results})


def _as_text(title: str, rows: Rows) -> str:
    """``rows`` as one Markdown table under its title."""
    from scorebench.layout import aligned

    return f"\n{title}\n\n" + aligned(list(rows[0]), [[_number(v) for v in row.values()] for row in rows])


def _number(value: object) -> str:
    """``value`` with as many digits as a reader wants."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"
