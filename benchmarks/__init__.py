"""How fast the engines are, and how fast they could be: measured together, on one core, at equal error."""
