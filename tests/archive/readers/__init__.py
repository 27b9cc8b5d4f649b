"""Other programs and libraries that read zips, and the archives that they are given."""
