"""Groups: who works together, on which machines, by whose invitation."""
