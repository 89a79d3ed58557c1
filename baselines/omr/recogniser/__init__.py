"""The built-in reader of engraved piano pages."""

from baselines.omr.recogniser.engine import BuiltIn

__all__ = ["BuiltIn"]
