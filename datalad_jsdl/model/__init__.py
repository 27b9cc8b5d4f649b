"""Values that everything else speaks of; no input or output."""
