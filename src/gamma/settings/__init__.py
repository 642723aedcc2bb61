"""Settings: the only reader of the environment and of files that say how Gamma is to run."""

from gamma.settings.load import Settings, is_loopback, load

__all__ = ["Settings", "is_loopback", "load"]
