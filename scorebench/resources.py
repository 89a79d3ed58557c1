"""Dataset definitions and reports, found where they are: in a source checkout, or inside the installed package."""

from pathlib import Path

from scorebench.errors import ScorebenchError

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE / "_data", _PACKAGE.parent)  # the wheel carries them inside; a checkout has them at its top


def resource(path: str) -> Path:
    """The file or folder ``path``, as in "datasets/mini/card.toml" or "reports/reference".

    Raises:
        ScorebenchError: it is in neither place.
    """
    for place in _PLACES:
        if (place / path).exists():
            return place / path
    raise ScorebenchError(f"{path} is missing from this installation; install scorebench again")
