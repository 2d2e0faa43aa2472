"""The igraph world: the graph contract, damage, null models and measures."""
