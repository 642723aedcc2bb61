"""Ways to choose a deployment, one class a file."""
