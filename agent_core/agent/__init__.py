"""The agent of one silo."""
