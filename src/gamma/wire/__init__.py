"""Dialects: how to talk, never to whom."""
