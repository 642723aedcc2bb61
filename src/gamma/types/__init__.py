"""Plain frozen data; imports nothing of ours."""
