"""The layer that links pixels which light up together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.neural.topology.base import (
    MOST_PLACES,
    TOPOLOGIES,
    Ends,
    Place,
    ends,
)

#: Images at a time, so that only so many are held in double precision.
_CHUNK = 2048

#: Digits of a correlation: fewer than rounding leaves right, so that ties are ties on
#: every processor.
_DIGITS = 10


@TOPOLOGIES.register
def correlated() -> Place:
    """Link the pairs of pixels whose training values are correlated most.

    The matrix of correlations is repeated along both sides as often as the layer is
    larger than the image, then cut to its size; every layer has the same. In a layer
    narrower than the image neurons stand for its first pixels, row by row, alone.

    Raises
    ------
    InputError
        By ``place``: no images came, fewer pairs are correlated than links are asked
        for, or the pairs of pixels or of neurons are more than `MOST_PLACES`.

    Notes
    -----
    The correlated sparse topological initialisation of Zhang et al., ICLR 2024,
    https://openreview.net/forum?id=iayEcORsGd. Correlations are Pearson's, their signs
    left out; those of a pixel with itself and of constant pixels count as 0 and are
    never linked. Correlations that agree to ten digits are equal; ties go to the
    lower source, then to the lower target. Nothing is drawn.

    Examples
    --------
    >>> images = np.array([[0, 0, 1], [1, 1, 1], [0, 1, 1]], np.float32)
    >>> source, target = correlated()(3, 3, 2, np.random.default_rng(0), images)
    >>> source.tolist(), target.tolist()
    ([1, 0], [0, 1])
    """
    seen: list[NDArray[Any]] = []  # the images, and what all layers make of them

    def place(
        n_in: int,
        n_out: int,
        links: int,
        rng: np.random.Generator,
        images: NDArray[np.float32] | None = None,
    ) -> Ends:
        if images is None:
            raise InputError(
                "topology 'correlated' needs training images and none came; give "
                "images of shape (images, pixels), or choose another topology"
            )
        for of, pairs in ("pixels", images.shape[1] ** 2), ("neurons", n_in * n_out):
            if pairs > MOST_PLACES:
                raise InputError(
                    f"topology 'correlated' holds a number for every pair of {of}, at "
                    f"most {MOST_PLACES:,}; here are {pairs:,}, choose another topology"
                )
        if not seen or seen[0] is not images:
            seen[:] = images, correlations(images)
        return _strongest(seen[1], n_in, n_out, links)

    return place


def correlations(images: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the absolute Pearson correlation of every two pixels.

    Parameters
    ----------
    images : ndarray of float32, shape (images, pixels)

    Returns
    -------
    ndarray of float64, shape (pixels, pixels)
        0 on the diagonal and for constant pixels; symmetric, rounded to ten digits.

    Examples
    --------
    >>> correlations(np.array([[0, 1, 5], [1, 0, 5]], np.float32))
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 0.]])
    """
    pixels = images.shape[1]
    mean = images.mean(axis=0, dtype=np.float64)
    product = np.zeros((pixels, pixels))
    for first in range(0, len(images), _CHUNK):
        centred = images[first : first + _CHUNK] - mean
        product += centred.T @ centred
    deviation = np.sqrt(product.diagonal())
    # Exactly 0 for constant pixels: equal float32 numbers add up without rounding.
    deviation[deviation == 0] = np.inf
    product /= np.outer(deviation, deviation)
    np.fill_diagonal(product, 0)
    np.abs(product, out=product)
    return product.round(_DIGITS)


def _strongest(
    template: NDArray[np.float64], n_in: int, n_out: int, links: int
) -> Ends:
    """Take the largest entries of the template, repeated and cut to the layer."""
    pixels = len(template)
    rows, columns = np.arange(n_in) % pixels, np.arange(n_out) % pixels
    score = template[np.ix_(rows, columns)].ravel()  # by source, then by target
    possible = np.count_nonzero(score)
    if links > possible:
        raise InputError(
            f"topology 'correlated' cannot place {links} links between {n_in} and "
            f"{n_out} neurons, as only {possible} pairs of pixels are correlated "
            f"there; ask for at most {possible}, or choose another topology"
        )
    least = np.partition(score, score.size - links)[-links] if links else np.inf
    above = np.flatnonzero(score > least)
    tied = np.flatnonzero(score == least)[: links - above.size]
    source, target = np.divmod(np.concatenate([above, tied]), n_out)
    return ends(np.sort(target * n_in + source), n_in)
