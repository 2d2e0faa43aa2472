"""Sparse layers, how links start and move, training, evaluation, attacks on images."""
