"""Notes to sound. The signature is fixed; the data layer fills it in."""
