"""What needs the operator, what runs here, what left."""
