"""What members declare that they need, held against what is there."""

import numpy as np
import pytest

from netrobust.core.errors import InputError
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.graphs.requirements import (
    check_positive,
    check_slices,
    check_stack,
    check_weights,
)


def declaring(**attributes):
    def mine(graph):
        """Do nothing."""

    for name, value in attributes.items():
        setattr(mine, name, value)
    return mine


def weights(*values):
    return np.array(values, np.float32)


def test_signs_are_needed_only_where_there_are_links():
    signed = declaring(signed=True)
    for fine in (weights(), weights(1, -1), weights(-1)):
        check_weights("measure", signed, fine, "it")
    for none in (weights(1), weights(0, 2)):
        with pytest.raises(
            InputError, match="mine goes by the signs of weights, and it"
        ):
            check_weights("measure", signed, none, "it")
        check_weights("measure", declaring(), none, "it")


def test_a_zero_is_no_negative_weight():
    assert check_positive(weights(0, 1), "mine", "").tolist() == [0, 1]
    needy = declaring(needs_positive_weights=True)
    check_weights("measure", needy, weights(0, 1), "it")
    with pytest.raises(
        InputError, match=r"1 of 2 are negative, the first -1\.0 at link 1"
    ):
        check_weights("measure", needy, weights(0, -1), "it")


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"signed": True}, "goes by signs"),
        ({"conserves": ("links", "signed_degrees")}, "keeps signs"),
        ({"elementwise": True}, "changes weights one by one"),
        ({"conserves": ("links",)}, None),
    ],
)
def test_slices_have_no_sign_and_no_single_value(attributes, why):
    if why is None:
        check_slices("null model", declaring(**attributes), "conv1")
        return
    with pytest.raises(
        InputError, match=f"mine {why}, and a link of conv1 is a kernel"
    ):
        check_slices("null model", declaring(**attributes), "conv1")


def test_paths_need_layers_that_chain():
    needy = [
        declaring(needs_stack=True),
        PERTURBATIONS["random_links(rescale=biases)"],
        PERTURBATIONS["random_neurons"],
    ]
    for member in needy:
        with pytest.raises(InputError, match="do not chain, for a gap"):
            check_stack("measure", member, "a gap")
    check_stack("measure", declaring(), "a gap")
    check_stack("measure", PERTURBATIONS["random_links(rescale=weights)"], "a gap")
