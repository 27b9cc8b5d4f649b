"""One file: from its candidates to verified content."""
