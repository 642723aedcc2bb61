"""Vendors: who and where."""
