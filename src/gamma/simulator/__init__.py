"""A fleet of providers in one process."""
