"""Packages that only building a dataset needs: imported here, with a plain word where one is absent."""

import importlib
from typing import Any

from scorebench.errors import MissingDependencyError


def need(module: str, purpose: str) -> Any:
    """Import ``module``.

    Raises:
        MissingDependencyError: it, or a system library that it loads, is not there; says how to get it.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: the package is there, its C library is not
        raise MissingDependencyError(
            f"{module} ({purpose}) cannot be loaded ({error}); install it: pip install 'scorebench[data]'"
        ) from error
