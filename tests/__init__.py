"""Tests of Gamma: `unit` mirrors the source, `contract` holds every dialect to one suite."""
