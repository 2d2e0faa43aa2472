"""Layered igraph graphs: contract, files, damage, null models, measures, theory."""
