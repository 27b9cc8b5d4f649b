"""The canonical zip: its layout, structures and bytes."""
