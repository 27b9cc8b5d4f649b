"""Where lists, orders and what is known of their contents are kept: SQLite or PostgreSQL."""
