"""A throw-away federation of real processes, for the demo, rehearsals and tests."""
