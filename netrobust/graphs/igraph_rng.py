"""igraph has one random generator for the whole process; here it borrows ours."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

import numpy as np
from threadpoolctl import ThreadpoolController

_LENDING = Lock()


@contextmanager
def igraph_random(rng: np.random.Generator) -> Iterator[None]:
    """Let igraph draw numbers that follow from `rng` alone, and nobody else meanwhile.

    One number is taken from `rng`, however many igraph draws. It draws in one thread:
    where it may use several (`power_law_fit`), they take numbers in whatever order they
    come to it.

    Examples
    --------
    >>> import igraph
    >>> with igraph_random(np.random.default_rng(0)):
    ...     once = igraph.Graph.Erdos_Renyi(9, 0.5).get_edgelist()
    >>> with igraph_random(np.random.default_rng(0)):
    ...     once == igraph.Graph.Erdos_Renyi(9, 0.5).get_edgelist()
    True
    """
    import igraph  # loads here because `netrobust list` imports this module

    lent = random.Random(int(rng.integers(2**63)))
    with _LENDING, _threads().limit(limits=1, user_api="openmp"):
        igraph.set_random_number_generator(lent)
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)


@cache
def _threads() -> ThreadpoolController:
    """Find the thread pools, igraph's among them, once: it takes milliseconds."""
    return ThreadpoolController()
