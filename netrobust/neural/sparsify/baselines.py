"""Controls whose topology never moves: a fixed random one, and complete layers."""

from netrobust.neural.sparsify.base import SPARSIFIERS, Sizes, Sparsifier


@SPARSIFIERS.register
def static() -> Sparsifier:
    """Keep the random topology of the start (the fixed sparse control)."""
    return Sparsifier()


@SPARSIFIERS.register
def dense() -> Sparsifier:
    """Train every possible link at full width (dense baseline)."""
    return Sparsifier(dense=True)


@SPARSIFIERS.register
def dense_small() -> Sparsifier:
    """Train one dense hidden layer with the weight count of the sparse network."""
    return Sparsifier(dense=True, widths=_one_layer_within)


@SPARSIFIERS.register
def dense_narrow() -> Sparsifier:
    """Train dense layers of the same depth with the sparse network's weight count."""
    return Sparsifier(dense=True, widths=_same_depth_within)


def _one_layer_within(sizes: Sizes, budget: int) -> Sizes:
    n_in, classes = sizes[0], sizes[-1]
    return n_in, max(1, round(budget / (n_in + classes))), classes


def _same_depth_within(sizes: Sizes, budget: int) -> Sizes:
    n_in, depth, classes = sizes[0], len(sizes) - 2, sizes[-1]

    def excess(width: int) -> int:
        weights = (n_in + classes) * width + (depth - 1) * width**2
        return abs(weights - budget)

    return n_in, *[min(range(1, max(sizes) + 1), key=excess)] * depth, classes
