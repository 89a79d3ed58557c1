"""Pages that a user names."""

from scorebench.dataset import Dataset
from scorebench.errors import UsageError
from scorebench.score import Recording


def page_called(dataset: Dataset, split: str, page: str) -> tuple[Recording, int]:
    """The piece and the page that ``page`` means: PIECE:INDEX, where a part of the piece's name will do.

    Raises:
        UsageError: there is no such page.
    """
    wanted, _, number = page.rpartition(":")
    known = dataset.pieces(split)
    if not wanted or not number.isdigit():
        raise UsageError(f"{page!r} names no page; write PIECE:INDEX, for example {known[0]}:0")
    meant = [piece for piece in known if wanted in piece]
    recording = dataset.load(split, wanted if wanted in known or len(meant) != 1 else meant[0])
    if int(number) >= len(recording.pages):
        raise UsageError(f"{recording.piece} has pages 0 to {len(recording.pages) - 1}, not {number}")
    return recording, int(number)
