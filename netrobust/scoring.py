"""One network, intact or damaged, scored on test images."""

from netrobust.errors import InputError
from netrobust.graphs.damage import Damage
from netrobust.neural.data import Dataset
from netrobust.neural.evaluate import evaluate
from netrobust.neural.model import SparseMLP
from netrobust.neural.threads import limited_threads
from netrobust.settings import whole


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
    >>> from netrobust.neural.data import load
    >>> from netrobust.neural.model import start
    >>> data = load("mnist-5k")
    >>> model = start((784, 20, 10), np.random.default_rng(0), links=[157])
    >>> score(model, data, Damage(kept=[]))["accuracy"]
    0.1
    """
    threads = whole("threads", threads, 1)
    images = None if images is None else whole("images", images, 1)
    check_fit(model, data)
    x, y = data.x_test[:images], data.y_test[:images]
    with limited_threads(threads):
        left = model if damage is None else damaged(model, damage, head)
        return evaluate(left, x, y, details)


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
