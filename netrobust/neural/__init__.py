"""The torch world: data, sparse layers, how links move, and training."""
