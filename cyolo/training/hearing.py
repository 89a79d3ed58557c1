"""How CYOLO hears while it is trained."""

from scorebench.learning import sound
from scorebench.spectrogram import cyolo_recipe


class Ear(sound.Ear):
    """Samples (n,) to the magnitudes of 78 bands, (1 + frames, 78): row 0 begins one hop before the sound."""

    def __init__(self) -> None:
        super().__init__(cyolo_recipe(), frames_before=1)
