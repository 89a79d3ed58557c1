"""`scorebench bench`."""

from pathlib import Path
from typing import Any

import click

from scorebench.bench import BENCHMARKS, Rows, load, machine
from scorebench.files import write_json


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write the numbers.")
def bench(names: tuple[str, ...], json_file: Path | None) -> None:
    """Measure speed and exactness on this machine; without a NAME, everything.

    Names: protocol (positions to errors), warping (on-line time warping beside off-line warping).

    \b
    Example:
      scorebench bench warping --json warping.json
    """
    from rich.console import Console

    runs = {name: load(name) for name in dict.fromkeys(names or BENCHMARKS)}
    console, told = Console(), machine()
    console.print(", ".join(f"{key} {value}" for key, value in told.items()), style="dim", highlight=False)
    results: dict[str, Rows] = {}
    for name, run in runs.items():
        with console.status(f"{name} ..."):
            results[name] = run()
        _show(console, BENCHMARKS[name][1], results[name])
    if json_file is not None:
        write_json(json_file, {"machine": told, "benchmarks": results})


def _show(console: Any, title: str, rows: Rows) -> None:
    """Print ``rows`` as one table."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for key in rows[0] if rows else ():
        table.add_column(key, justify="left" if isinstance(rows[0][key], str) else "right")
    for row in rows:
        table.add_row(*(_number(value) for value in row.values()))
    console.print(table)


def _number(value: object) -> str:
    """``value`` with as many digits as a reader wants."""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"
