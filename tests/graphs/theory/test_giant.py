"""Giant components and thresholds in theory against simulation and closed forms."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from random_degrees import (
    by_depth,
    configuration,
    erdos_renyi,
    giant,
)
from specimens import (
    layered_graphs,
    no_links,
    path,
    random_stack,
    star,
    within_four_errors,
)

from netrobust.core.errors import InputError
from netrobust.graphs import theory
from netrobust.graphs.damage import Links
from netrobust.graphs.graph import from_links
from netrobust.graphs.percolation import grow_clusters
from netrobust.graphs.theory import fixed_point
from netrobust.graphs.theory.fixed_point import largest_fixed_point

STACK = [784, 1000, 1000, 1000]


def kept_at(p, links, rng):
    return np.flatnonzero(rng.random(len(links.source)) < p)


# One layer


def test_thresholds_of_layers_at_one_per_cent():
    for n_a, n_b, expected in (
        (784, 1000, 0.113), (1000, 1000, 0.1), (784, 784, 0.128), (1568, 1568, 0.064)
    ):  # fmt: skip
        found = theory.er_layer_threshold(0.01 * n_b, 0.01 * n_a)
        assert found == pytest.approx(expected, abs=5e-4)
        assert found == pytest.approx(1 / (0.01 * np.sqrt(n_a * n_b)))
    assert theory.er_layer_threshold(0, 4) == np.inf


def test_both_sides_of_an_erdos_renyi_layer():
    found, p = [], 0.4  # the threshold is 0.289
    for draw in range(40):
        rng = np.random.default_rng([1, draw])
        links = erdos_renyi([3000, 9000], [18_000], rng)
        found.append(by_depth(links, giant(links, kept_at(p, links, rng))))
    within_four_errors(found, theory.er_layer_giant(6, 2, p), at_most=0.004)


@given(a=st.floats(0.1, 30), b=st.floats(0.1, 30), p=st.floats(0, 1))
def test_shares_of_a_layer_solve_their_equations(a, b, p):
    of_a, of_b = theory.er_layer_giant(a, b, p)
    assert of_a == pytest.approx(1 - np.exp(-p * a * of_b), abs=1e-8)
    assert of_b == pytest.approx(1 - np.exp(-p * b * of_a), abs=1e-8)
    over = p / theory.er_layer_threshold(a, b)
    assert of_a < 1e-6 if over < 0.99 else True
    assert of_a > 1e-4 if over > 1.01 else True


@pytest.mark.parametrize("p", [0.5, 0.51, 0.6, 0.9, 1])
def test_cubic_layer_in_closed_form(p):
    of_a, of_b = theory.cm_layer_giant([3] * 4, [3] * 4, p)
    error = 1e-6 if p == 0.5 else 1e-8  # at the threshold itself
    assert of_a == pytest.approx(1 - ((1 - p) / p) ** 3, abs=error)
    assert of_b == of_a
    assert theory.cm_layer_threshold([3] * 4, [3] * 4) == pytest.approx(0.5)


def test_a_layer_of_given_degrees_whose_neurons_go_too():
    degree = np.repeat([0, 1, 2, 4, 12], [400, 1000, 800, 500, 300])
    others = np.repeat([1, 2, 5], [2200, 2000, 400])
    others[: degree.sum() - others.sum()] += 1
    found, expected = [], theory.cm_layer_giant(degree, others, 0.6, occupied=0.7)
    for draw in range(40):
        rng = np.random.default_rng([2, draw])
        none = np.zeros_like
        layer = [none(degree), others], [degree, none(others)]
        links = configuration(*layer, rng)
        there = np.append(rng.random(len(degree)) < 0.7, [True] * len(others))
        kept = kept_at(0.6, links, rng)
        found.append(by_depth(links, giant(links, kept[there[links.source[kept]]])))
    within_four_errors(found, expected, at_most=0.004)
    kappa = [(k * (k - 1)).sum() / k.sum() for k in (degree, others)]
    threshold = theory.cm_layer_threshold(degree, others, occupied=0.7)
    assert threshold == pytest.approx(1 / np.sqrt(0.7 * kappa[0] * kappa[1]))
    for p, there in ((0.98 * threshold, False), (1.02 * threshold, True)):
        assert (theory.cm_layer_giant(degree, others, p, 0.7)[1] > 1e-4) == there


def test_degrees_of_chance_give_the_erdos_renyi_layer():
    links = erdos_renyi([20_000, 30_000], [90_000], np.random.default_rng(3))
    degree = np.bincount(links.source, minlength=50_000)[:20_000]
    others = np.bincount(links.target, minlength=50_000)[20_000:]
    one = theory.cm_layer_giant(degree, others, 0.5)
    assert one == pytest.approx(theory.er_layer_giant(4.5, 3, 0.5), abs=0.005)
    assert theory.cm_layer_threshold(degree, others) == pytest.approx(
        theory.er_layer_threshold(4.5, 3), rel=0.01
    )


def test_layers_that_cannot_have_a_giant_component():
    assert theory.cm_layer_threshold([1, 1], [2]) == np.inf
    assert theory.cm_layer_threshold([0, 0], [0]) == np.inf
    assert theory.cm_layer_giant([0, 0], [0], 1) == (0, 0)
    assert theory.cm_layer_giant([3] * 4, [3] * 4, 1, occupied=0) == (0, 0)
    assert theory.er_layer_giant(5, 5, 0) == (0, 0)


# The whole stack


def test_threshold_of_the_stack_of_the_paper():
    assert theory.er_stack_threshold(STACK, 0.01) == pytest.approx(0.0637, abs=5e-5)
    golden = (1 + np.sqrt(5)) / 2
    equal = theory.er_stack_threshold([1000] * 4, 0.01)
    assert equal == pytest.approx(1 / (10 * golden))
    assert equal == pytest.approx(0.0618, abs=5e-5)


@pytest.mark.parametrize("layers", range(1, 7))
def test_threshold_of_equal_widths_in_closed_form(layers):
    found = theory.er_stack_threshold([500] * (layers + 1), [0.02] * layers)
    assert found == pytest.approx(1 / (10 * 2 * np.cos(np.pi / (layers + 2))))


def test_second_cluster_of_the_stack_peaks_at_its_threshold():
    # The peak is p_c (1 + x N^(-1/3)), so that 2 p(8 N) - p(N) has lost x.
    draws, peaks = 50, []
    for scale in (1, 8):
        sizes = [size * scale for size in STACK]
        counts = [scale * links for links in (7840, 10_000, 10_000)]
        peaks.append([])
        for draw in range(draws):
            rng = np.random.default_rng([4, scale, draw])
            links = erdos_renyi(sizes, counts, rng)
            ends = links.source, links.target
            order = rng.permutation(sum(counts))
            curve = grow_clusters(sum(sizes), *ends, order)
            peaks[-1].append(curve.second.argmax() / sum(counts))
    found = 2 * np.array(peaks[1]) - np.array(peaks[0])
    threshold = theory.er_stack_threshold(STACK, 0.01)
    within_four_errors(found[:, None], threshold, at_most=0.02 * threshold)


@pytest.mark.parametrize("p", [0.1, 0.3])
def test_every_depth_of_the_stack_of_the_paper(p):
    found = []
    for draw in range(20):
        rng = np.random.default_rng([5, draw])
        links = erdos_renyi(STACK, [7840, 10_000, 10_000], rng)
        found.append(by_depth(links, giant(links, kept_at(p, links, rng))))
    within_four_errors(found, theory.er_stack_giant(STACK, 0.01, p), at_most=0.006)


@pytest.mark.parametrize("density", [0.002, [0.002]])
def test_a_stack_of_one_layer_is_the_layer(density):
    sizes, p = [1000, 3000], 0.6
    layer = 0.002 * 3000, 0.002 * 1000
    threshold = theory.er_stack_threshold(sizes, density)
    assert threshold == pytest.approx(theory.er_layer_threshold(*layer))
    found = theory.er_stack_giant(sizes, density, p)
    assert found == pytest.approx(theory.er_layer_giant(*layer, p), abs=1e-9)


def _aligned(rng, aligned):
    """Degrees of four depths, whose hubs are hubs on both sides or on one alone."""
    few, many = [1, 1, 2, 6], 4
    into = [np.repeat(few, 500) for _ in range(many)]
    out = [degree if aligned else degree[::-1] for degree in into]
    into[0], out[-1] = np.zeros(2000, int), np.zeros(2000, int)
    return configuration(into, out, rng)


@pytest.mark.parametrize("aligned", [True, False])
def test_every_depth_of_a_stack_of_given_degrees(aligned):
    found, p = [], 0.4 if aligned else 0.55
    for draw in range(20):
        rng = np.random.default_rng([6, draw])
        links = _aligned(rng, aligned)
        found.append(by_depth(links, giant(links, kept_at(p, links, rng))))
    within_four_errors(found, theory.cm_stack_giant(links, p), at_most=0.007)


def test_hubs_that_meet_lower_the_threshold_of_a_stack():
    rng = np.random.default_rng(7)
    low, high = (
        theory.cm_stack_threshold(_aligned(rng, aligned)) for aligned in (True, False)
    )
    assert low < 0.8 * high


@given(graph=layered_graphs(max_size=6))
def test_a_giant_component_begins_at_the_threshold_of_its_equations(graph):
    threshold = theory.cm_stack_threshold(graph)
    if threshold < 0.95:
        assert theory.cm_stack_giant(graph, 1.05 * threshold).max() > 1e-4
    if (below := min(0.95 * threshold, 1)) < threshold:
        assert theory.cm_stack_giant(graph, below).max() < 1e-6


@given(graph=layered_graphs(max_layers=1, max_size=8), p=st.floats(0, 1))
def test_a_stack_of_one_layer_of_given_degrees_is_the_layer(graph, p):
    degree = np.array(graph.degree())
    a, b = np.split(degree, [graph.vs["depth"].count(graph.vs[0]["depth"])])
    threshold = theory.cm_layer_threshold(a, b)
    assert theory.cm_stack_threshold(graph) == pytest.approx(threshold)
    assume(abs(p / threshold - 1) > 1e-3)  # where both converge to what they can
    found = theory.cm_layer_giant(a, b, p)
    assert theory.cm_stack_giant(graph, p) == pytest.approx(found, abs=1e-7)


# The given graph


def _regular(seed):
    """A stack of 30, 45 and 30 neurons of degrees 3, 2 + 4 and 6 without chance."""
    into = [[0] * 30, [2] * 45, [6] * 30]
    out = [[3] * 30, [4] * 45, [0] * 30]
    return configuration(into, out, np.random.default_rng(seed))


@pytest.mark.parametrize("p", [0.2, 0.33, 0.4, 0.7, 0.999, 1])
def test_messages_of_a_regular_graph_are_those_of_its_degrees(p):
    links = _regular(8)
    found = theory.message_passing_giant(links, p)
    expected = np.repeat(theory.cm_stack_giant(links, p), links.sizes)
    assert found == pytest.approx(expected, abs=1e-8)
    threshold = theory.nonbacktracking_threshold(links)
    assert threshold == pytest.approx(theory.cm_stack_threshold(links))


def test_messages_of_the_stack_of_the_paper_follow_its_giant_component():
    for p, error in ((0.1, 0.006), (0.3, 0.001)):
        found, expected = [], []
        for draw in range(10):
            rng = np.random.default_rng([9, draw])
            links = erdos_renyi(STACK, [7840, 10_000, 10_000], rng)
            found.append([giant(links, kept_at(p, links, rng)).mean()])
            expected.append([theory.message_passing_giant(links, p).mean()])
        within_four_errors(found, expected, at_most=error)


def test_messages_know_which_neurons_of_a_graph_are_well_connected():
    rng = np.random.default_rng(10)
    links = erdos_renyi(STACK, [7840, 10_000, 10_000], rng)
    p, draws = 0.2, 100
    often = sum(giant(links, kept_at(p, links, rng)) for _ in range(draws)) / draws
    expected = theory.message_passing_giant(links, p)
    # As far apart as chance alone puts them, neuron by neuron.
    squares = (often - expected) ** 2
    chance = expected * (1 - expected) / draws
    assert squares.mean() == pytest.approx(chance.mean(), rel=0.1)


def _naive(graph, p, rounds=3000):
    """The equations as they are written, round after round from u = 1 - p."""
    beside = [graph.neighbors(k) for k in range(graph.vcount())]
    miss = {(j, i): 1 - p for i in range(len(beside)) for j in beside[i]}
    for _ in range(rounds):
        before = miss
        miss = {
            (j, i): 1 - p + p * np.prod([before[k, j] for k in beside[j] if k != i])
            for j, i in before
        }
        far = max((abs(miss[e] - before[e]) for e in miss), default=0)
        if far < 1e-13:
            break
    assume(far < 1e-13)
    return [1 - np.prod([miss[j, i] for j in beside[i]]) for i in range(len(beside))]


@given(
    graph=layered_graphs(max_size=4, max_layers=2),
    p=st.sampled_from([0, 0.3, 0.75, 0.9, 0.99, 1]),
)
def test_messages_solve_the_equations_as_they_are_written(graph, p):
    found = theory.message_passing_giant(graph, p)
    assert found == pytest.approx(np.array(_naive(graph, p)), abs=1e-7)


def _hashimoto(links):
    """The non-backtracking matrix, a row and a column for each link both ways."""
    tail = np.concatenate([links.source, links.target])
    head = np.concatenate([links.target, links.source])
    return (head[:, None] == tail) & (tail[:, None] != head)


@given(graph=layered_graphs(max_size=5))
def test_threshold_of_a_graph_is_that_of_its_non_backtracking_matrix(graph):
    matrix = _hashimoto(Links.of(graph)).astype(float)
    largest = np.abs(np.linalg.eigvals(matrix)).max(initial=0)
    found = theory.nonbacktracking_threshold(graph)
    if not np.linalg.matrix_power(matrix, len(matrix)).any():
        assert found == np.inf
    else:
        assert found == pytest.approx(1 / largest, rel=1e-3)
        assert found <= 1


def test_threshold_of_a_larger_graph_by_both_matrices():
    links = Links.of(random_stack([60, 70, 50], [110, 120], seed=11))
    largest = np.abs(np.linalg.eigvals(_hashimoto(links).astype(float))).max()
    found = theory.nonbacktracking_threshold(links)
    assert found == pytest.approx(1 / largest, rel=1e-8)
    assert found == theory.nonbacktracking_threshold(links)


def test_three_theories_of_one_stack():
    links = Links.of(random_stack(STACK, [7840, 10_000, 10_000], seed=12))
    er = theory.er_stack_threshold(STACK, 0.01)
    assert theory.cm_stack_threshold(links) == pytest.approx(er, rel=0.01)
    assert theory.nonbacktracking_threshold(links) == pytest.approx(er, rel=0.01)


def test_trees_and_circles_fall_apart_before_all_links_are_there():
    for tree in (path(), star(), no_links()):
        assert theory.nonbacktracking_threshold(tree) == np.inf
        assert theory.message_passing_giant(tree, 1).tolist() == [0] * tree.vcount()
    circle = from_links([2, 3], [0, 1, 0, 1, 0], [2, 2, 3, 3, 4], [1] * 5)
    assert theory.nonbacktracking_threshold(circle) == 1
    assert theory.message_passing_giant(circle, 0.9).max() < 1e-8


def test_stacks_without_links():
    empty = no_links()
    assert theory.cm_stack_threshold(empty) == np.inf
    assert theory.cm_stack_giant(empty, 1).tolist() == [0, 0]
    assert theory.er_stack_threshold([3, 4], 0) == np.inf
    assert theory.er_stack_giant([3, 4], 0, 1).tolist() == [0, 0]


@pytest.mark.parametrize("over", [0.5, 0.9, 0.999, 1, 1.001, 1.01, 2])
def test_the_equations_are_solved_close_to_their_threshold_too(over):
    p = over / 4
    found = theory.er_layer_giant(4, 4, p)[0]
    if over > 1:
        assert 1 - np.exp(-4 * p * found) == pytest.approx(found, abs=1e-10)
        assert found == pytest.approx(2 * (over - 1) / over**2, rel=0.9)
    else:
        assert found < 1e-6


def test_a_map_that_alternates_is_followed_to_its_end():
    swap = largest_fixed_point(lambda x: 0.999 * x[::-1], np.array([1.0, 0.2]))
    assert swap.tolist() == [0, 0]


def test_a_map_without_an_end_is_not_followed_for_ever(monkeypatch):
    monkeypatch.setattr(fixed_point, "STEPS", 50)
    rng = np.random.default_rng(0)
    with pytest.raises(ArithmeticError, match="please report"):
        largest_fixed_point(lambda x: rng.random(3), np.ones(3))


@pytest.mark.parametrize(
    ("seed", "over"), [*((seed, 1.05) for seed in range(24)), (1, 1), (10, 0.999)]
)
def test_leaps_never_land_below_the_solution(seed, over):
    # Where 0 is a solution too, an estimate that falls short would be drawn to it.
    rng = np.random.default_rng([13, seed])
    sizes = rng.integers(1, 7, size=rng.integers(2, 6)).tolist()
    places = np.array(sizes[:-1]) * sizes[1:]
    count = [int(rng.integers(most + 1)) for most in places]
    graph = Links.of(random_stack(sizes, count, seed=seed))
    p = min(1, over * theory.cm_stack_threshold(graph))
    found = theory.cm_stack_giant(graph, p)
    reference = _one_step_after_another(graph, p)
    assert (found <= reference + 1e-9).all()
    if over == 1.05:
        assert found == pytest.approx(reference, abs=1e-6)


def _one_step_after_another(graph, p, steps=1000):
    """The largest solution from above, by plain steps that no theory module takes."""
    start = np.cumsum([0, *graph.sizes])
    depth = np.repeat(np.arange(len(graph.sizes)), graph.sizes)
    into = np.bincount(graph.target, minlength=start[-1])
    out = np.bincount(graph.source, minlength=start[-1])
    up, down = np.zeros(len(graph.sizes) + 1), np.zeros(len(graph.sizes) + 1)
    for _ in range(steps):  # u of the links above each depth, and of those below it
        above, below = up[depth], down[depth]
        led_up = p * (1 - below ** np.maximum(into - 1, 0) * above**out)
        led_down = p * (1 - above ** np.maximum(out - 1, 0) * below**into)
        up, down = np.ones_like(up), np.ones_like(down)
        for d in range(len(graph.sizes)):
            here = depth == d
            if d and into[here].any():
                up[d - 1] = 1 - np.average(led_up[here], weights=into[here])
            if out[here].any():
                down[d + 1] = 1 - np.average(led_down[here], weights=out[here])
    missed = down[depth] ** into * up[depth] ** out
    return np.array([1 - missed[depth == d].mean() for d in range(len(graph.sizes))])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: theory.er_layer_threshold(-1, 2),
            "mean_a must be .* 0 or larger; .*-1",
        ),
        (lambda: theory.er_layer_giant(1, np.inf, 0.5), "mean_b must be a number, 0"),
        (lambda: theory.er_layer_giant(1, 2, 1.1), r"p must be .*\[0, 1\]; got 1.1"),
        (lambda: theory.cm_layer_threshold([1], [2]), "sums are 1 and 2"),
        (lambda: theory.cm_layer_threshold([1.5], [2]), "degree_a must hold one integ"),
        (
            lambda: theory.cm_layer_giant([2], [-1, 3], 1),
            "degree_b must hold one integ",
        ),
        (lambda: theory.cm_layer_giant([2], [2], 1, 2), "occupied must be .*got 2"),
        (lambda: theory.er_stack_threshold([3], 0.1), "two depths at least"),
        (lambda: theory.er_stack_threshold([3, 0], 0.1), "integer, 1 or larger; got 0"),
        (lambda: theory.er_stack_threshold([3, 4], [0.1] * 2), "one number or 1 of"),
        (lambda: theory.er_stack_giant([3, 4], 1.5, 0.5), "density must be .*got 1.5"),
        (lambda: theory.er_stack_giant([3, 4], 0.5, True), "p must be .*got True"),
        (lambda: theory.cm_stack_giant(path(), -0.1), "p must be .*got -0.1"),
        (lambda: theory.message_passing_giant(path(), "1"), "p must be .*got '1'"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_every_theory_names_its_source():
    for name in set(theory.__all__) - {"Reach"}:
        text = getattr(theory, name).__doc__
        assert "Notes" in text, name
        assert "Examples" in text, name
