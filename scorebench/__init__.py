"""scorebench: measure score followers that read sheet images."""

__version__ = "0.1.0"
