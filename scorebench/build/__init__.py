"""Building datasets: engraving, performing, sounding, rooms."""
