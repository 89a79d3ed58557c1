"""`scorebench train`."""

from pathlib import Path

import click

from scorebench.cli.options import dataset_option, seed_option


@click.command()
@click.argument("name")
@dataset_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for checkpoints, curve and weights. [default: trainings/NAME]",
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto: CUDA where there is one.")
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True, help="Processes that share a batch.")
@click.option("--resume", is_flag=True, help="Go on from what --out holds.")
@click.option(
    "--epochs", type=click.FloatRange(0, min_open=True), help="Passes over all frames. [default: the paper's]"
)
@click.option("--steps", type=click.IntRange(1), help="Length in steps, instead of --epochs.")
@click.option("--visits", type=click.IntRange(1), help="Pages in a batch.")
@click.option("--frames", type=click.IntRange(1), help="Frames of each page in a batch.")
@click.option(
    "--responses",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of impulse responses. [default: those of the dataset or pack, if it has some]",
)
@click.option(
    "--from",
    "start",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Weights to begin with, such as those of cyolo-lessons or cunet-lessons. For CYOLO and CUNet.",
)
@click.option(
    "--precision",
    type=click.Choice(["32-true", "bf16-mixed"]),
    help="Of the arithmetic. [default: what is faster here]",
)
@click.option("--demo", is_flag=True, help="Mark the weights as a demonstration, too briefly trained to count.")
@seed_option
def train(name: str, dataset: str | None, out: Path | None, **options: object) -> None:
    """Train the tracker NAME on the splits train and valid of a dataset, or on a pack.

    What is left in --out: last.ckpt (go on from there with --resume), best.ckpt, NAME.safetensors with NAME.card.json,
    and a TensorBoard log. A training that was killed and resumed gives the same weights (bit for bit on a CPU).

    \b
    Examples:
      scorebench train cyolo-ir --dataset msmd-rebuild --device cuda --resume
      scorebench train cyolo-ir --dataset train.pack --from trainings/cyolo-lessons/cyolo-lessons.safetensors
      scorebench train cunet --dataset train.pack --device cuda --resume
    """
    from scorebench.errors import UsageError
    from scorebench.training import TrainingRequest, find_trainer

    if options["epochs"] is not None and options["steps"] is not None:
        raise UsageError("--epochs and --steps say the same: give one of them")
    folder = out if out is not None else Path("trainings") / name
    request = TrainingRequest(name, dataset or "msmd-rebuild", folder, **options)  # type: ignore[arg-type]
    click.echo(f"{find_trainer(name)(request)}")
