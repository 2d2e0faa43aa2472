"""What theory says of networks, as a table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from networks import tiny_data
from small import digits, network

from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.experiments.score import damaged
from netrobust.experiments.theory_table import theory_table
from netrobust.graphs.perturb import Damage
from netrobust.graphs.theory import message_passing_giant
from netrobust.runs.tables import Parts

GRID = [0, 0.3, 1]


def test_the_table_is_theory_of_each_network():
    nets = [network(), network("static")]
    table = theory_table(nets, digits(), GRID)
    assert table.network.tolist() == [one.name for one in nets for _ in GRID]
    assert table.fraction.tolist() == GRID * 2
    assert table.paths.tolist() == pytest.approx([1, 0.49, 0] * 2)
    expected = message_passing_giant(to_graph(network().model), 0.7).mean()
    assert table.giant_component[1] == expected
    assert table.giant_component[2] == table.reach[2] == 0
    assert (
        table.groupby("network")[["threshold", "predicted_f50"]]
        .nunique()
        .eq(1)
        .all(axis=None)
    )
    assert table.threshold.between(0, 1).all()
    several = theory_table(nets, digits(), GRID, jobs=2)
    pd.testing.assert_frame_equal(several, table, check_exact=True)


def test_networks_that_are_done_are_not_done_again(tmp_path):
    parts, nets = Parts(tmp_path), [network(), network("static")]
    seen: list[tuple[int, int]] = []
    one = theory_table(nets[:1], digits(), GRID, parts=parts)
    both = theory_table(
        nets, digits(), GRID, parts=parts, tick=lambda *n: seen.append(n)
    )
    assert seen == [(1, 2), (2, 2)]
    pd.testing.assert_frame_equal(both[: len(one)], one, check_exact=True)
    theory_table(nets, digits(), [0, 1], parts=parts)
    assert len(list(tmp_path.glob("theory-*"))) == 4


def test_a_network_without_links_has_no_giant_component_to_lose():
    empty = replace(network(), model=damaged(network().model, Damage([])))
    table = theory_table(empty, digits(), GRID)
    assert set(table.threshold) == {0}
    assert set(table.giant_component) == set(table.reach) == {0}
    assert np.isnan(table.predicted_f50).all()


def test_what_theory_cannot_be_asked():
    for fractions in ([0.5, 0.2], [-0.1], [0, 2], [], "half"):
        with pytest.raises(InputError, match="fraction"):
            theory_table(network(), digits(), fractions)
    with pytest.raises(InputError, match="no network came"):
        theory_table([], digits(), GRID)
    with pytest.raises(InputError, match="jobs must be an integer"):
        theory_table(network(), digits(), GRID, jobs=0)
    with pytest.raises(InputError, match="use the data it was trained on"):
        theory_table(network(), tiny_data(), GRID)
