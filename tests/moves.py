"""Layers to rewire, one step of a method, and what a step makes of a layer."""

from itertools import permutations

import numpy as np

from netrobust.neural.sparsify import Context, LayerLinks, sparsifier

# Eight links of a 4 x 4 layer: three positive, three negative, two fresh ones at zero.
PLACE = np.array([0, 3, 4, 6, 9, 10, 12, 15])
WEIGHT = np.array([0.5, -0.1, 0.0, -0.4, 0.1, 0.3, -0.2, -0.0], np.float32)


def layer(place=PLACE, weight=WEIGHT, n_in=4, n_out=4, gradient=None):
    target, source = np.divmod(np.asarray(place, np.int64), n_in)
    if gradient is not None:
        gradient = np.asarray(gradient, np.float32)
    weight = np.asarray(weight, np.float32)
    return LayerLinks(n_in, n_out, source, target, weight, gradient)


def step(name, *layers, zeta=0.3, seed=0, context=(), **options):
    """Let all layers make one step; `context` is what the method may know beside."""
    rng = np.random.default_rng(seed)
    return sparsifier(name, **options).step(layers, Context(zeta, rng, **dict(context)))


def gone(links, move):
    """Ids of the links that were dropped."""
    return sorted(set(range(links.weight.size)) - set(move.kept.tolist()))


def grown(links, move):
    """Places that grew, those of links that returned with their weight included."""
    new = move.target * links.n_in + move.source
    return sorted(np.concatenate([new, links.place[move.restored]]).tolist())


def after(links, move):
    """The layer after a step, in canonical order, without gradients."""
    kept = links.weight[move.kept] if move.values is None else move.values
    new = move.target * links.n_in + move.source
    place = np.concatenate([links.place[move.kept], links.place[move.restored], new])
    weight = np.concatenate([kept, links.weight[move.restored], move.weight])
    order = np.argsort(place)
    return layer(place[order], weight[order], links.n_in, links.n_out)


def inclusion(score, count):
    """Chance of each member when `count` are drawn one by one in proportion to score.

    Added up over all sequences in which they can be drawn.
    """
    score = np.asarray(score, float)
    chance = np.zeros(score.size)
    for order in permutations(range(score.size), count):
        likely, left = 1.0, score.sum()
        for one in order:
            likely *= score[one] / left
            left -= score[one]
        chance[list(order)] += likely
    return chance


def assert_shares(count, draws, chance):
    """Binomial counts agree with their chances; 5 standard errors do not happen."""
    chance = np.asarray(chance, float)
    error = np.sqrt(chance * (1 - chance) / draws)
    assert (np.abs(np.asarray(count) / draws - chance) <= 5 * error + 1e-12).all()
