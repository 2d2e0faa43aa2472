"""Other people's networks: modules of torch, states, files and matrices.

Whatever comes becomes a list of layers, each a weighted bipartite graph that keeps the
graph contract, so that measures, perturbations and null models work on it. A module
can be had back: `to_module` loads damaged layers into a copy of it, which the user's
own ``evaluate`` scores, and `percolate_module` does so along whole damage curves.
"""
