"""Training of CYOLO as the paper says (Henkel & Widmer 2021, section IV)."""
