"""A tracker that cannot cope with one of the pages."""

from scorebench_example_plugin.sweep import Sweep


class RaisesOnSecondPage(Sweep):
    """Raises on the second page it opens."""

    def __init__(self):
        self.opened = 0

    def open(self, score, seed):
        self.opened += 1
        if self.opened == 2:
            raise RuntimeError("no staff lines here")
        return super().open(score, seed)
