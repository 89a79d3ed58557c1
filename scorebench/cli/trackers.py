"""`scorebench trackers`."""

import json
from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def trackers(as_json: bool) -> None:
    """List every registered tracker: what it does, what it is given, and the package it comes from.

    Trackers that cannot be imported are listed with the reason.

    \b
    Example:
      scorebench trackers --json
    """
    from scorebench.registry import registered

    rows = [_row(name) for name in registered()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        given = f"given {', '.join(row['given']) or 'nothing'}; " if row["error"] is None else ""
        about = row["about"] if row["error"] is None else f"CANNOT BE USED: {row['error']}"
        click.echo(f"{row['name']:<{width}}  {about}")
        click.echo(f"{'':<{width}}  {given}{row['package']}")


def _row(name: str) -> dict[str, Any]:
    """What is known of the tracker ``name``; importing it may fail."""
    from scorebench.errors import ScorebenchError
    from scorebench.registry import load, registered

    entry = registered()[name]
    row: dict[str, Any] = {"name": name, "package": f"{entry.distribution} {entry.version}"}
    try:
        tracker = load(name)
    except ScorebenchError as error:
        return {**row, "given": [], "about": "", "error": " ".join(str(error).split())}
    # The first paragraph of its docstring, on one line.
    about = " ".join((type(tracker).__doc__ or "").strip().split("\n\n")[0].split())
    return {**row, "given": sorted(tracker.given), "about": about, "error": None}
