"""Tutorial: analyse a bipartite graph of your own.

No neural network is needed: who went to which party in Natchez, Mississippi, in the
1930s (Davis, Gardner and Gardner, Deep South, 1941), 18 women and 14 events. Where do
its clustering and its nestedness stand among random graphs with the same degrees, and
what is left of it without some of the women, or of the events? It runs in some seconds
and leaves its figure in the folder ``your_own_graph``::

    python -m netrobust.analyses.your_own_graph
"""

# %% From networkx, as it is
# Nodes say their side by ``bipartite`` or ``type``, whatever stands there, and keep
# their names. `from_igraph`, `from_pandas` (an edge list) and `from_scipy` do the same,
# and `read` takes GraphML, GML, GEXF, Pajek, MatrixMarket, edge lists and the tables of
# Netzschleuder.

import networkx as nx

import netrobust as nr

graph = nr.from_networkx(nx.davis_southern_women_graph())
graph["name"] = "Southern women"
print(nr.sizes(graph), graph.ecount(), "links;", graph.vs[0]["name"], "is the first")

# %% What it is like
# Sources are the women, targets the events. A dispersion of degrees is their variance
# over that of a random graph.

names = ["density", "clustering", "nestedness", "in_degree_dispersion"]
print(nr.measure(graph, names).round(2).to_string(index=False))

# %% Among random graphs with the same degrees
# `compare` measures the graph beside draws of null models; `against_null` gives its
# z-score and its p. With 100 draws no p is below 0.02, two-sided.

nulls = nr.compare(
    graph,
    null_models=["erdos_renyi", "degree_preserving"],
    replicates=100,
    measures=["clustering", "nestedness"],
    seed=0,
)
for value in ("clustering", "nestedness"):
    found = nr.against_null(nulls, value)
    print(found[["null_model", "value", "intact", "z", "p"]].round(2).to_string())

# %% Damage
# Links, sources or targets go, at random or in an order. The table has the columns of
# all damage curves, so that every statistic and figure takes it.

fractions = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
damage = nr.percolate(
    graph,
    perturbations=["random_links", "random_sources", "targets_by_degree"],
    fractions=fractions,
    replicates=20,
    measures=["giant_component", "links"],
)
halves = nr.robustness(damage, "giant_component")
print(halves[["perturbation", "robustness", "f50"]].round(2).to_string(index=False))

# %% By hand
# Names stay through null models and damage, and lead back to networkx or pandas.

drawn = nr.randomise(graph, "degree_preserving", 0)
busiest = max(drawn.vs, key=lambda one: one.indegree())
print("the largest event of a random graph:", busiest["name"])
nodes, edges = nr.to_pandas(drawn)
print(edges.groupby("target").size().max(), "guests, as in the real one:")
print(max(graph.indegree()), "guests")
print(nr.to_networkx(graph).number_of_edges(), "edges in networkx")

# %% The figure

curve = nr.summarise(damage, "giant_component", by=["perturbation", "fraction"])
with nr.draw.style():
    figure, axes = nr.draw.panels(1, 1, nr.draw.SINGLE)
    nr.draw.curve(curve, "fraction", axes[0, 0], hue="perturbation")
    axes[0, 0].set_title("Southern women")
    nr.draw.legend(figure, title="mean of 20 draws")
    nr.draw.save(figure, curve, "your_own_graph", "damage")
