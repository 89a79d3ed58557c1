"""The command line. Commands live in modules of their own and are imported when they are used."""

import importlib
import sys

import click

from scorebench import __version__
from scorebench.errors import ScorebenchError

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, one line of help)
    "run": ("scorebench.cli.run:run", "Follow every page of a split with one or more trackers."),
    "score": ("scorebench.cli.score:score", "Score saved trajectories, or positions that other code made."),
    "table": ("scorebench.cli.table:table", "Print Table II for a dataset; run what is missing."),
    "failures": ("scorebench.cli.failures:failures", "Say how a run fails: early, late, or on another system."),
    "check": ("scorebench.cli.check:check", "Fail when a ratio falls below a stored one (for CI)."),
    "trackers": ("scorebench.cli.trackers:trackers", "List the trackers that can be run."),
    "check-tracker": ("scorebench.cli.check_tracker:check_tracker", "Run the conformance suite over a tracker."),
    "omr": ("scorebench.cli.omr:omr", "Read the picture of a page, and write a score."),
    "train": ("scorebench.cli.train:train", "Train a tracker."),
    "data": ("scorebench.cli.data:data", "Build, check and look at datasets."),
    "weights": ("scorebench.cli.weights:weights", "Fetch the weights that the authors of trackers published."),
    "bench": ("scorebench.cli.bench:bench", "Measure speed on this machine."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and help, and imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in the order a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command called ``cmd_name``."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="scorebench")
def cli() -> None:
    """Measure score followers that read sheet images.

    \b
    Example:
      scorebench table
      scorebench run --tracker score-dtw --split subset-room
    """


def main() -> None:
    """Entry point: errors of our own are one line on stderr, with an exit code scripts can use."""
    try:
        cli.main(prog_name="scorebench", standalone_mode=True)
    except ScorebenchError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
