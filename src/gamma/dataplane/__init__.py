"""The hot path: requests in, answers out."""
