"""What examples and tests add to a family is gone after them."""

from collections.abc import Iterator

import pytest

from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS
from netrobust.graphs.perturb import ORDERS, PERTURBATIONS
from netrobust.neural.input_attacks import INPUT_ATTACKS
from netrobust.neural.sparsify import SPARSIFIERS
from netrobust.neural.topology import TOPOLOGIES

FAMILIES = (
    INPUT_ATTACKS,
    MEASURES,
    NULL_MODELS,
    ORDERS,
    PERTURBATIONS,
    SPARSIFIERS,
    TOPOLOGIES,
)


@pytest.fixture(autouse=True)
def _families_stay() -> Iterator[None]:
    before = [family._members.copy() for family in FAMILIES]
    yield
    for family, members in zip(FAMILIES, before, strict=True):
        family._members = members
