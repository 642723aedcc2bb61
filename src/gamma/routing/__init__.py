"""Which deployment answers."""
