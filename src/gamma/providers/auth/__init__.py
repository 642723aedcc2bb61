"""How requests are authorised: one scheme a file, named as `auth` in a row."""
