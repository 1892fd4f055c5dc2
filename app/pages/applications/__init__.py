"""The applications of the groups: packages, fingerprints, upload."""
