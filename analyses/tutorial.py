"""Tutorial: how much damage a sparse network bears.

Three sparse networks learn 4,000 digits while their links move. They become graphs, the
graphs lose links, and what is left is scored. Beside it stand exact theory for the same
graphs and null models that keep one thing and draw the rest anew. It runs in some
seconds, needs no download, and leaves its figure in the folder ``tutorial``::

    python -m netrobust.analyses.tutorial
"""

# %% The data, and networks that rewire while they learn
# 784 pixels feed three layers of 200 neurons, of whose possible links one in twenty is
# there. Sparse evolutionary training (SET) drops weak links after each epoch and grows
# as many at random places. A dense head, which is no part of the damage, reads the last
# layer. Three seeds make three networks: the network is the unit of all statistics.

import pandas as pd

import netrobust as nr

data = nr.load("mnist-5k")
config = nr.TrainConfig(
    sparsifier="set", hidden=(200, 200, 200), sparsity=0.95, epochs=10
)
networks = [nr.train(data, config, seed=seed) for seed in range(3)]

learnt = pd.concat(one.history.tail(1).assign(network=one.name) for one in networks)
print(learnt[["network", "epoch", "train_accuracy", "test_accuracy"]].round(3))

# %% A trained network is a graph
# `to_graph` gives a plain, directed igraph.Graph: neurons sorted by depth, a weight on
# every link, a bias on every neuron. All that igraph can do is at hand. The way back is
# exact: `to_model` computes bitwise what the network computes.

graph = nr.to_graph(networks[0].model)
print(graph.summary())
print("neurons of each depth:", nr.sizes(graph))

back = nr.to_model(graph, like=networks[0].model)
same = nr.score(back, data) == nr.score(networks[0].model, data)
print("reloaded, it scores the same:", same)

# %% Do hubs arise?
# The reference is a random layer with as many links, whose degrees are hypergeometric.
# The dispersion is the variance of the degrees over its value there: 1 is random, more
# means hubs. `degree_table` holds the whole distributions with their expectation.

names = ["links", "max_out_degree", "out_degree_dispersion", "in_degree_dispersion"]
measured = nr.measure(networks, names)
print(measured.groupby("layer")[names].mean().round(2))

# %% Take links away
# Three orders: at random (bond percolation), strongest first, weakest first. The same
# share goes from each layer. `percolate` gives one row per scored network; `summarise`
# averages the replicates within networks, then the networks, and gives their range.

fractions = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
damage = nr.percolate(
    networks,
    data,
    ["random_links", "strongest_links", "weakest_links"],
    fractions,
    replicates=3,
    measures=["giant_component", "reach"],
)
accuracy = nr.summarise(damage, "accuracy", by=["perturbation", "fraction"])
print(accuracy.pivot(index="fraction", columns="perturbation", values="mean").round(2))

# %% Where is half of the skill gone?
# ``f50`` is the fraction at which half of the accuracy above chance is lost. The gap is
# the area between function and structure: positive where the network fails while its
# graph still hangs together.

halves = nr.gap(damage, function="accuracy", structure="giant_component")
columns = ["f50_function", "f50_structure", "structure_kept", "gap"]
print(halves.groupby("perturbation")[columns].mean().round(2))

# %% Exact theory for the same graphs
# Message passing predicts the giant component under random removal from each graph
# itself, with no simulation, and the recursion over degrees the reach. Nothing is
# fitted: where measured and predicted part, one of them is wrong.

law = nr.theory_table(networks, data, fractions)
at_random = damage[damage.perturbation == "random_links"]
beside = pd.DataFrame(
    {
        f"{name}, {kind}": table.groupby("fraction")[name].mean()
        for name in ("giant_component", "reach")
        for kind, table in (("measured", at_random), ("theory", law))
    }
)
print(beside.round(3).to_string())

# %% What carries the skill: the weights, their signs, or the places of the links?
# A null model keeps one thing and draws the rest anew; each draw is verified against
# what it claims to keep. Chance is 0.1.

nulls = nr.compare(
    networks,
    data,
    ["shuffle_all", "shuffle_by_sign", "degree_preserving"],
    replicates=3,
)
shuffled = nr.summarise(nulls, "accuracy", by="null_model")
print(shuffled[["null_model", "mean", "low", "high"]].round(3))

# %% The figure
# Function on the left, structure on the right: accuracy and giant component against the
# share of links removed. Black lines are the theory from above, with no free parameter.
# Axes go in and come out, so that a figure is yours to change.

giant = nr.summarise(damage, "giant_component", by=["perturbation", "fraction"])
with nr.draw.style():
    figure, ((left, right),) = nr.draw.panels(1, 2, nr.draw.DOUBLE, sharey=True)
    nr.draw.curve(accuracy, "fraction", left, hue="perturbation", chance=0.1)
    nr.draw.curve(giant, "fraction", right, hue="perturbation")
    predicted = law.groupby("fraction")["giant_component"].mean()
    right.plot(predicted.index, predicted, color="black", lw=0.8, label="theory")
    left.set_title("function")
    right.set_title("structure")
    nr.draw.panel_letters([left, right])
    nr.draw.legend(figure, title=nr.draw.note(accuracy))
    nr.draw.save(figure, pd.concat([accuracy, giant]), "tutorial", "damage")

# %% Where to go from here
# ``netrobust list`` names every method, perturbation, null model and measure. The main
# job does all of this on MNIST and Fashion-MNIST and draws the gallery::
#
#     netrobust reproduce --preset quick --out runs/quick
