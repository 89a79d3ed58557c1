"""How far a training is, on stderr: stdout is for the name of the weights."""

from contextlib import ExitStack
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

from scorebench.progress import progress_bar


class Bar(Callback):
    """Steps done, steps a second, and what was logged first of a step; of several processes the first shows it."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._opened = ExitStack()
        self._bar: Any = None
        self._said = "training"

    def on_train_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Called by Lightning."""
        if trainer.is_global_zero:
            self._bar = self._opened.enter_context(progress_bar())
            self._bar.add_task("training", total=self._steps, completed=trainer.global_step)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Called by Lightning."""
        if self._bar is not None:
            self._bar.update(0, completed=trainer.global_step)
            logged = ((name, value) for name, value in trainer.callback_metrics.items() if not name.startswith("valid"))
            said = [f"{name} {float(value):.4f}" for name, value in logged][:1]
            speed = self._bar.tasks[0].speed
            self._said = ", ".join(["training", *said, *([f"{speed:.2f} steps/s"] if speed else [])])
            self._bar.update(0, description=self._said)

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Called by Lightning."""
        if self._bar is not None:
            self._bar.update(0, description="validating")

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Called by Lightning."""
        if self._bar is not None:
            self._bar.update(0, description=self._said)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Called by Lightning."""
        self._opened.close()

    def on_exception(self, trainer: lightning.Trainer, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
        """Called by Lightning."""
        self._opened.close()
