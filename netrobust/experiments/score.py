"""One network, intact or damaged, scored on test images."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.settings import flag, whole
from netrobust.data.load import Dataset
from netrobust.graphs.damage import Damage
from netrobust.neural.evaluate import evaluate, evaluate_together
from netrobust.neural.model import SparseMLP
from netrobust.parallel.threads import limited_threads

# Networks that are scored together at most: more gain nothing, and hold memory.
_TOGETHER, _LINKS = 32, 2**21


def score(
    model: SparseMLP,
    data: Dataset,
    damage: Damage | None = None,
    images: int | None = None,
    threads: int = 1,
    head: bool = False,
    details: bool = False,
) -> dict[str, float]:
    """Give accuracy and loss of a network on test images, after damage if given.

    Equal, bit for bit, to exporting the network, applying the damage to its graph,
    loading that back and scoring it.

    Parameters
    ----------
    model : SparseMLP
    data : Dataset
    damage : Damage, optional
        Link ids count in the canonical order, that of ``to_graph(model)``.
    images : int, optional
        Score the first so many test images; all if not given.
    threads : int
        Processors to use. Scores of sparse networks do not depend on it by a bit.
    head : bool
        Whether link ids count through ``to_graph(model, head=True)``, so that the
        damage may hit the head.
    details : bool
        Give accuracy by class, confidence and calibration, too.

    Returns
    -------
    dict
        ``accuracy`` in [0, 1] and ``loss``, the mean cross-entropy in nats; with
        `details` all that `evaluate` knows.

    Raises
    ------
    InputError
        The images or the damage do not fit the network, or a number is no integer of
        at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.model import start
    >>> data = load("mnist-5k")
    >>> model = start((784, 20, 10), np.random.default_rng(0), links=[157])
    >>> score(model, data, Damage(kept=[]))["accuracy"]
    0.1
    """
    threads = whole("threads", threads, 1)
    flag("head", head), flag("details", details)
    if damage is not None:
        return scores(model, data, [damage], images, threads, head, details)[0]
    x, y = _tested(model, data, images)
    with limited_threads(threads):
        return evaluate(model, x, y, details)


def scores(
    model: SparseMLP,
    data: Dataset,
    damages: Sequence[Damage],
    images: int | None = None,
    threads: int = 1,
    head: bool = False,
    details: bool = False,
) -> list[dict[str, float]]:
    """Score a network after each of several damages, as `score` does, in less time.

    What is left of the network is scored together: the pixels and the layers below all
    damage are computed once.

    Parameters
    ----------
    model : SparseMLP
    data : Dataset
    damages : sequence of Damage
    images, threads, head, details
        As for `score`.

    Returns
    -------
    list of dict
        What `score` gives for each damage, bit for bit.

    Raises
    ------
    InputError
        As for `score`.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.model import start
    >>> data = load("mnist-5k")
    >>> model = start((784, 20, 10), np.random.default_rng(0), links=[157])
    >>> half, nothing = Damage(kept=range(78)), Damage(kept=[])
    >>> scores(model, data, [half, nothing])[1] == score(model, data, nothing)
    True
    """
    threads = whole("threads", threads, 1)
    x, y = _tested(model, data, images)
    links = max(1, sum(layer.weight.numel() for layer in model.hidden_layers))
    step = max(1, min(_TOGETHER, _LINKS // links))
    found: list[dict[str, float]] = []
    with limited_threads(threads):
        for first in range(0, len(damages), step):
            left = [damaged(model, one, head) for one in damages[first : first + step]]
            found += evaluate_together(left, x, y, details)
    return found


def check_fit(model: SparseMLP, data: Dataset) -> None:
    """Refuse data of another kind than those a network was trained on.

    Raises
    ------
    InputError
        The images have other pixels than the network has inputs, or more classes.
    """
    pixels = data.x_test.shape[1]
    if pixels != model.sizes[0] or data.n_classes > model.sizes[-1]:
        raise InputError(
            f"{data.name} has {pixels} pixels and {data.n_classes} classes, the "
            f"network {model.sizes[0]} inputs and {model.sizes[-1]} classes; use the "
            "data it was trained on"
        )


def _tested(
    model: SparseMLP, data: Dataset, images: int | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give the test images that are scored, and their classes."""
    images = None if images is None else whole("images", images, 1)
    check_fit(model, data)
    return data.x_test[:images], data.y_test[:images]


def damaged(model: SparseMLP, damage: Damage, head: bool = False) -> SparseMLP:
    """Make the network that is left of another one after damage.

    Parameters
    ----------
    model : SparseMLP
    damage : Damage
        Link ids count in the canonical order, that of ``to_graph(model, head)``.
    head : bool

    Raises
    ------
    InputError
        The damage does not fit the network.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> damaged(model, Damage(kept=[0, 5])).layers[0]
    SparseLinear(4, 3, links=2)
    """
    source, target, weight = model.links(head)
    bias, kept = model.biases(head), damage.kept
    damage.check_fit(source.size, bias.size)
    return model.with_links(
        source[kept],
        target[kept],
        weight[kept] if damage.weight is None else damage.weight,
        bias if damage.bias is None else damage.bias,
    )
