"""The run folder: manifest, lock, networks, tables, units of work, environment."""
