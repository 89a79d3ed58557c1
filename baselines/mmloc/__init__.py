"""MM-Loc: a snippet of the unrolled score and the last two seconds of sound, and where in the one the other is."""
