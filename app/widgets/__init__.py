"""Reused parts of the desktop."""
