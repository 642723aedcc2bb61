"""One self-hosted endpoint for every model a company uses."""

__version__ = "0.1.0"
