"""Append-only, sequence-numbered records of a silo."""
