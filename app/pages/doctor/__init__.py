"""The page that finds out why a hub cannot be reached."""
