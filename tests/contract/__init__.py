"""Contract suites: what every dialect must keep, run over recorded and golden samples."""
