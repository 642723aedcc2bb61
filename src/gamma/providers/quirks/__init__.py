"""What a row cannot say: one class a file, named as its row."""
