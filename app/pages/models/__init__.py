"""Models of all runs."""
