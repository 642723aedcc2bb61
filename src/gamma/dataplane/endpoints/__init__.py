"""What is served, one operation a file."""
