"""A whole job: what it consists of, its training, its tables, its figures."""
