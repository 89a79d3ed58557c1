"""Training of the agents (Henkel, Balke, Dorfer & Widmer, TISMIR 2019, sections 4 and 5)."""
