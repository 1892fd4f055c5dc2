"""The wizard from a source folder to a signed package."""
