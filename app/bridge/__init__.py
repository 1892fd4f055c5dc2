"""The only place of the desktop that crosses threads."""
