"""`scorebench check-tracker`."""

import sys

import click

from scorebench.cli.options import seed_option


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@seed_option
def check_tracker(names: tuple[str, ...], seed: int) -> None:
    """Run the conformance suite over each tracker NAME; exit with 1 when one breaks a rule.

    It is played a small page made in code, whole, in pieces, altered and silent. Nothing is said about how well it
    follows: that is what `scorebench table` is for.

    \b
    Example:
      scorebench check-tracker steady
    """
    from scorebench.errors import UsageError
    from scorebench.registry import find

    if not names:
        raise UsageError("name at least one tracker; `scorebench trackers` lists them")
    for name in names:
        find(name)  # a misspelt name is told before the others take their time
    conform = [_conforms(name, seed) for name in names]
    sys.exit(0 if all(conform) else 1)


def _conforms(name: str, seed: int) -> bool:
    """Check one tracker and print what was found."""
    from scorebench.conformance import checks
    from scorebench.errors import ScorebenchError
    from scorebench.registry import load

    try:
        results = checks(load(name), seed)
    except ScorebenchError as error:
        click.echo(f"Error: {error}", err=True)
        return False
    for result in results:
        mark = "FAIL" if result.status == "fail" else result.status
        click.echo(f"  {mark}  {result.name}{': ' if result.reason else ''}{result.reason}")
    tried = [result for result in results if result.status != "skip"]
    passed = sum(result.passed for result in tried)
    click.echo(f"{name}: {passed} of {len(tried)} checks passed, {len(results) - len(tried)} skipped")
    return passed == len(tried)
