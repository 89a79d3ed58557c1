"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

dataset_option = click.option(
    "--dataset",
    metavar="D",
    help="Name of a dataset, its folder, or a folder in the authors' npz + wav layout. "
    "[default: $SCOREBENCH_DATASET, or mini]",
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of runs.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of all randomness."
)
fresh_option = click.option("--fresh", is_flag=True, help="Throw away what an earlier run left.")
piece_option = click.option("--piece", "pieces", multiple=True, metavar="P", help="Only this piece (may be repeated).")
tracker_option = click.option(
    "--tracker", "trackers", multiple=True, metavar="T", help="A registered tracker (may be repeated)."
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many processes, each of which runs one tracker on one split.",
)


checkpoint_option = click.option(
    "--checkpoint", type=click.Path(dir_okay=False), metavar="FILE", help="Weights for a neural tracker."
)
device_option = click.option(
    "--device", metavar="DEV", help="cpu, cuda, ... for a neural tracker. [default: CUDA where there is one]"
)


def tracker_options(checkpoint: str | None, device: str | None) -> dict[str, str]:
    """What trackers are made with, of what was said."""
    return {name: value for name, value in (("checkpoint", checkpoint), ("device", device)) if value is not None}


def seeds_option(default: int) -> Callable[[F], F]:
    """``--seeds``, of which there are ``default``."""
    return click.option(
        "--seeds",
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        help="How many seeds, from --seed on, for trackers that draw their answers.",
    )
