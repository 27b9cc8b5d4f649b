"""Orders: a list of files, its review, immutable orders, and what prepares their archives."""
