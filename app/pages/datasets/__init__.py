"""Datasets: what jobs on this machine may be given."""
