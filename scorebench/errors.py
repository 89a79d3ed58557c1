"""The errors scorebench raises on purpose; the command line shows them without a traceback."""


class ScorebenchError(Exception):
    """Something outside the code is wrong. The message names the file and the remedy."""

    exit_code = 1


class UsageError(ScorebenchError):
    """The caller asked for something that does not exist or does not fit: exit code 2."""

    exit_code = 2


class DataError(ScorebenchError):
    """A file of a dataset or run is missing, damaged or does not fit the others."""


class MissingDependencyError(ScorebenchError):
    """A package or system library is absent. The message says how to get it."""


class NotGivenError(ScorebenchError):
    """A tracker read something that it does not declare in ``given``."""


class TrackerError(ScorebenchError):
    """A tracker raised, or answered something that is not a position."""
