"""Engines that are other people's programs: they are run, and the MusicXML that they write is read."""
