"""What members of families declare that they need, held against what is there.

Perturbations, null models and measures say it in attributes, which their decorators
set: ``signed``, ``needs_stack``, ``needs_positive_weights``, ``elementwise``. A member
that a user wrote is refused by the same rules, in the same words, as ours.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError


def declares(member: Any, attribute: str) -> bool:
    """Return whether a member, or a plain function, says something of itself.

    Examples
    --------
    >>> declares(print, "signed")
    False
    """
    return bool(getattr(member, attribute, False))


def check_weights(
    kind: str, member: Any, weight: NDArray[np.float32], whose: str
) -> None:
    """Refuse a member whose weights are not of the signs that it needs.

    Parameters
    ----------
    kind : str
        What the member is, for the message.
    member : callable
        Its attribute ``instead``, if any, names one that takes weights of either sign.
    weight : ndarray of float32, shape (links,)
        Without a weight there is nothing to refuse.
    whose : str
        Has the weights, for the message.

    Raises
    ------
    InputError
        It is ``signed`` and no weight is negative, or it ``needs_positive_weights``
        and one is.

    Examples
    --------
    >>> def mine(graph, rng, fraction):
    ...     "Remove what inhibits."
    >>> mine.signed = True
    >>> check_weights("perturbation", mine, np.ones(2, np.float32), "this network")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: mine goes by the signs of weights, and this \
network has no negative ones; choose a perturbation that goes by absolute weights
    """
    name = member.__name__
    if declares(member, "signed") and weight.size and not (weight < 0).any():
        raise InputError(
            f"{name} goes by the signs of weights, and {whose} has no negative ones; "
            f"choose a {kind} that goes by absolute weights"
        )
    if declares(member, "needs_positive_weights"):
        other = getattr(member, "instead", "")
        such = f", such as {other}" if other else ""
        check_positive(weight, name, f"choose a {kind} that takes either sign{such}")


def check_positive(
    weight: NDArray[np.float32], name: str, instead: str
) -> NDArray[np.float32]:
    """Return weights without a negative one; 0 is none.

    Raises
    ------
    InputError
        Saying what to do instead.
    """
    if (wrong := np.flatnonzero(weight < 0)).size:
        raise InputError(
            f"{name} needs positive weights; {wrong.size} of {weight.size} are "
            f"negative, the first {weight[wrong[0]]} at link {wrong[0]}: {instead}"
        )
    return weight


def check_slices(kind: str, member: Any, layer: str) -> None:
    """Refuse what has no meaning for kernel slices, which are many numbers each.

    Raises
    ------
    InputError
        The member goes by signs, keeps them, or changes numbers one by one.
    """
    kept = {"signs", "signed_degrees"} & {*getattr(member, "conserves", ())}
    reasons = {
        "goes by signs": declares(member, "signed"),
        "keeps signs": bool(kept),
        "changes weights one by one": declares(member, "elementwise"),
    }
    for why, holds in reasons.items():
        if holds:
            raise InputError(
                f"{member.__name__} {why}, and a link of {layer} is a kernel slice of "
                f"many numbers; choose another {kind}, or layers without kernels"
            )


def check_stack(kind: str, member: Any, gap: str) -> None:
    """Refuse what needs a stack where layers do not chain.

    Parameters
    ----------
    kind, member
        As for `check_weights`.
    gap : str
        Where the layers do not chain.

    Raises
    ------
    InputError
        The member follows paths, or acts on neurons, which only a stack has.
    """
    acts_on = getattr(member, "acts_on", "links")
    name = member.__name__
    alone = f"and the layers of this module do not chain, for {gap}"
    if acts_on != "links":
        raise InputError(
            f"{name} acts on {acts_on}, which are those of a stack, {alone}; "
            "choose links, or some layers that chain"
        )
    if declares(member, "needs_stack") or declares(member, "follows_paths"):
        raise InputError(
            f"{name} needs a stack, {alone}; choose a {kind} of single layers, "
            "or some layers that chain"
        )
