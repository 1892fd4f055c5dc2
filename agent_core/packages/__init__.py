"""Packages: built, read, verified."""
