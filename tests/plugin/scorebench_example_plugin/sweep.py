"""A tracker that looks at nothing and sweeps down the page."""

from scorebench.tracker import Position


class Sweep:
    """Sweeps down the middle of the page, 30 pixels a second."""

    given = frozenset()

    def open(self, score, seed):
        return SweepFollower(*score.pages[0].shape)


class SweepFollower:
    def __init__(self, height, width):
        self.height, self.width, self.heard = height, width, 0

    def hear(self, samples):
        self.heard += len(samples)
        seconds = self.heard / 22050
        return Position(self.width / 2, min(seconds * 30, self.height), heard_s=seconds)
