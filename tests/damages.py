"""Every perturbation on every graph: what its laws need, told without its code."""

import numpy as np
from hypothesis import strategies as st
from specimens import layered_graphs

from netrobust.graphs.damage import Links
from netrobust.graphs.graph import from_links
from netrobust.graphs.perturb import PERTURBATIONS, Perturbation

#: Every member, and members whose options change what they do.
CASES = (
    *PERTURBATIONS,
    "random_links(rescale=weights)",
    "strongest_links(rescale=biases)",
    "links_by_betweenness(recompute=True)",
    "links_by_path_count(recompute=True,rescale=weights)",
    "neurons_by_degree(recompute=True)",
    "pixels_by_strength(recompute=True)",
    "gaussian_noise(amplitude=3)",
    "binarised(scale=unit)",
    "quantised(bits=2)",
)


def cases(**wanted):
    """Names of the cases whose members have these values of attributes or options."""

    def value(member, key):
        return member.options[key] if key in member.options else getattr(member, key)

    members = {name: PERTURBATIONS[name] for name in CASES}
    return [
        name
        for name, member in members.items()
        if all(
            (hasattr(member, key) or key in member.options) and value(member, key) == it
            for key, it in wanted.items()
        )
    ]


def stepwise(member: Perturbation) -> bool:
    """Whether the damage depends on the grid of fractions."""
    return member.probed or member.options.get("recompute", False)


def marked(graph, seed=0):
    """Write random marks on a graph, small whole numbers so that there are ties."""
    rng = np.random.default_rng([7, seed])
    graph.es["saliency"] = rng.integers(0, 9, graph.ecount()).tolist()
    graph.vs["activation"] = rng.integers(0, 9, graph.vcount()).tolist()
    return graph


def probe_of(graph, asked=None):
    """Make a probe that answers alike to like damage, and counts what it is asked."""
    links = Links.of(graph)

    def probe(damage):
        if asked is not None:
            asked.append(damage)
        rng = np.random.default_rng([3, *damage.kept])
        saliency = np.zeros(len(links.weight))
        saliency[damage.kept] = rng.random(damage.kept.size)
        return float(rng.random()), {"saliency": saliency}

    return probe


def curve(name, graph, seed, fractions, scope="per_layer"):
    """Give the damage of a case at every fraction."""
    member = PERTURBATIONS[name]
    extra = [probe_of(graph)] if member.probed else []
    rng = np.random.default_rng(seed)
    return member.curve(graph, rng, fractions, scope, *extra)


def groups(name, graph, scope):
    """Ids of links, neurons or pixels that lose a fraction together."""
    depth = np.array(graph.vs["depth"])
    acts_on = PERTURBATIONS[name].acts_on
    if acts_on == "pixels":
        return [np.flatnonzero(depth == 0)]
    if acts_on == "links":
        depth = depth[[edge.target for edge in graph.es]]
    if scope == "global":
        return [np.flatnonzero(depth > 0)]
    if scope == "per_layer":
        return [np.flatnonzero(depth == d) for d in sorted({*graph.vs["depth"]} - {0})]
    return [np.flatnonzero(depth == int(scope.removeprefix("layer_")))]


@st.composite
def damaged_cases(draw, name):
    """Draw a graph, a scope of it, a seed and rising fractions."""
    acts_on, seed = PERTURBATIONS[name].acts_on, draw(st.integers(0, 2**32))
    deepest = 0 if acts_on == "pixels" else 2
    graph = draw(layered_graphs(max_layers=3, max_size=4, max_depth=deepest))
    scopes = ["per_layer", "global"]
    if acts_on == "links":
        scopes = Links.of(graph).scopes
    elif acts_on == "neurons":
        depths = sorted({*graph.vs["depth"]} - {0})
        scopes += [f"layer_{depth}" for depth in depths]
    fractions = sorted(draw(st.lists(st.floats(0, 1), max_size=3)))
    return marked(graph, seed), draw(st.sampled_from(scopes)), seed, fractions


def dense_stack(sizes, seed=0):
    """Build a stack with all links there can be, with weights and biases beside 0."""
    rng = np.random.default_rng([8, seed])
    starts = np.cumsum([0, *sizes])
    pairs = [
        (source, target)
        for one, two, three in zip(starts, starts[1:], starts[2:], strict=False)
        for target in range(two, three)
        for source in range(one, two)
    ]
    source, target = np.array(pairs).T
    bias = np.where(np.arange(sum(sizes)) < sizes[0], 0, 1 + rng.random(sum(sizes)))
    weight = rng.choice([-1, 1], len(pairs)) * (0.5 + rng.random(len(pairs)))
    return marked(from_links(sizes, source, target, weight, bias), seed)
