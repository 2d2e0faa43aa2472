"""Random streams keyed by content: the same work draws the same numbers anywhere."""

from hashlib import blake2b

import numpy as np

from netrobust.core.errors import InputError, shown


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Give the generator that belongs to a seed and a description of the work.

    The key says *what* is drawn (network, null model, replicate, ...), never *when*:
    adding, leaving out or resuming other work changes no number of this stream.

    Parameters
    ----------
    seed : int
        Root seed, 0 or larger.
    *key : str or int
        What the numbers are for.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> a, b = stream(0, "batches", 3), stream(0, "batches", 3)
    >>> bool(a.random() == b.random())
    True
    """
    if seed < 0:
        raise InputError(f"a seed must be 0 or larger; got {shown(seed)}")
    text = "\x1f".join(str(part) for part in key)
    digest = blake2b(text.encode(), digest_size=16).digest()
    words = np.frombuffer(digest, "<u4")  # the same words on every machine
    return np.random.default_rng(np.random.SeedSequence([seed, *words.tolist()]))


def generator(rng: np.random.Generator | int) -> np.random.Generator:
    """Give a generator, or make one of a seed.

    Raises
    ------
    InputError
        It is neither.

    Examples
    --------
    >>> bool(generator(0).random() == np.random.default_rng(0).random())
    True
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise InputError(
        "rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), or "
        f"a seed of 0 or more; got {shown(rng)}"
    )
