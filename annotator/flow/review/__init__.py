"""Second opinions, gold items and disagreements. Reads and writes their own rows only."""
