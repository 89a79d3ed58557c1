"""The score following game and its agents: speed along an unrolled score, chosen by what is heard and seen."""
