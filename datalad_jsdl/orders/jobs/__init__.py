"""What is done in the background: rows that are the truth, and workers that are woken for them."""
