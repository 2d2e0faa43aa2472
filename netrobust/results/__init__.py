"""The pandas world: statistics of tables, and their figures."""
