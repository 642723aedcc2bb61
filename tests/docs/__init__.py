"""The documentation, tested: its references are complete, its examples run, its links lead somewhere."""
