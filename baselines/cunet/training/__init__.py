"""Training of CUNet as its paper says (Henkel, Kelz & Widmer 2020, section 4)."""
