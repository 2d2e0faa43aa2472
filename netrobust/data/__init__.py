"""Data sets: found, verified and read as arrays (no torch)."""
