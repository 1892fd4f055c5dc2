"""The wires: they carry, they decide nothing."""
