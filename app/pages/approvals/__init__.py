"""Decisions that wait, and those that were made."""
