"""What a network is worth: it plays the beginning of each page of the valid split, from the opening, as a tracker."""

from collections.abc import Sequence

import numpy as np

from baselines.rl.agent import network_player
from baselines.rl.network import Network
from baselines.rl.players import Outcome, Player, play
from baselines.rl.rounds import Round
from baselines.rl.rules import THRESHOLD_PX

VALIDATION_FRAMES = 400
"""20 s of each page are played at most."""
NEAR_PX = 20
"""About the width of two noteheads, and a quarter of a second."""
_SEED = 0


def validate(network: Network, rounds: Sequence[Round]) -> dict[str, float]:
    """The same chances at each validation. See ``summary``."""
    network.eval()
    player = network_player(network, np.random.default_rng(_SEED))
    return measure(rounds, player)


def measure(rounds: Sequence[Round], player: Player) -> dict[str, float]:
    """How well ``player`` does."""
    return summary(play(rounds, player, VALIDATION_FRAMES))


def summary(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """What was reached.

    Returns:
        ``valid_reward``: mean over pages of the mean reward over all their frames, none where the music was lost.
        ``valid_tracked``: share of pages that were followed to the end.
        ``valid_onsets``, ``valid_near``: share of onsets that came before the music was lost, and that came with the
        agent nearer than 20 px.
        ``valid_error_px``: mean distance at the onsets that came before; 170 if none did.
    """
    distances = np.abs(np.concatenate([outcome.onsets_px() for outcome in outcomes]))
    reached = distances[np.isfinite(distances)]
    return {
        "valid_reward": float(np.mean([outcome.reward for outcome in outcomes])),
        "valid_tracked": float(np.mean([outcome.tracked for outcome in outcomes])),
        "valid_onsets": len(reached) / max(len(distances), 1),
        "valid_near": float((distances <= NEAR_PX).mean()) if len(distances) else 0.0,
        "valid_error_px": float(reached.mean()) if len(reached) else float(THRESHOLD_PX),
    }
