"""Union-find in numba: arrays in, arrays out.

A forest of clusters is one int32 array: a root holds minus the size of its cluster,
every other neuron the id of one further up. In the inner loops ids are made unsigned
before they index it, which spares a test for negative ones.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.compiled import njit

Ints = NDArray[np.integer[Any]]

BLOCK = 512  # links whose ends are looked up together, ahead of being joined
STEPS = 3  # towards the root in that look-up: most ends are not further away
CACHED = 2**22  # neurons whose forest, 16 MB, still fits in a shared cache


@njit(cache=True)
def _root(parent: Ints, neuron: int) -> np.uint64:
    """Find the root above a neuron, halving the path to it."""
    here = np.uint64(neuron)
    above = parent[here]
    while above >= 0:
        further = parent[np.uint64(above)]
        if further < 0:
            return np.uint64(above)
        parent[here] = further
        here = np.uint64(further)
        above = parent[here]
    return here


@njit(cache=True)
def _one_up(parent: Ints, neuron: int) -> int:
    """Go one step towards the root, unless the neuron is one."""
    above = parent[np.uint64(neuron)]
    return neuron if above < 0 else above


@njit(cache=True)
def _join(parent: Ints, one: int, other: int) -> tuple[int, int]:
    """Join the clusters of two neurons; give both sizes, 0 where it was one cluster."""
    if one == other:
        return 0, 0
    top, low = _root(parent, one), _root(parent, other)
    if top == low:
        return 0, 0
    if parent[top] > parent[low]:  # sizes are negative: the larger stays root
        top, low = low, top
    more, less = -parent[top], -parent[low]
    parent[top] = -(more + less)
    parent[low] = top
    return more, less


@njit(cache=True, nogil=True)
def follow_order(
    parent: Ints,
    clusters: Ints,
    source: Ints,
    target: Ints,
    order: Ints | None,
    largest: Ints,
    second: Ints,
    mean_cluster_size: NDArray[np.float64],
) -> None:
    """Write the clusters for every number of links kept.

    Parameters
    ----------
    parent, clusters : ndarray of int32, shape (neurons,) and (neurons + 1,)
        The forest, all -1, and the number of clusters of each size, all 0.
    source, target : ndarray of int, shape (links,)
    order : ndarray of int, shape (links,), or None
        First to be removed first; None for the order of the ids.
    largest, second : ndarray of int32, shape (links + 1,)
    mean_cluster_size : ndarray of float64, shape (links + 1,)
    """
    neurons, links = len(parent), len(source)
    # The counts keep S2 exact; size 0 ends the search for it.
    clusters[0], clusters[1] = 1, neurons
    s1, s2 = 1, 1 if neurons > 1 else 0
    squares = np.int64(neurons)
    mean = (squares - 1) / neurons
    largest[0], second[0], mean_cluster_size[0] = s1, s2, mean
    tails, heads = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    sources, targets = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    for start in range(0, links, BLOCK):
        count = min(BLOCK, links - start)
        # No look-up within these loops waits for another, so that the cache misses of
        # a random order overlap; the loop that joins then finds all it needs in cache.
        for k in range(count):
            link = np.uint64(links - 1 - start - k)
            if order is not None:
                link = np.uint64(order[link])
            sources[k], targets[k] = source[link], target[link]
        tails[:], heads[:] = sources, targets
        for _ in range(STEPS):
            for k in range(count):
                tails[k] = _one_up(parent, tails[k])
                heads[k] = _one_up(parent, heads[k])
        # Shorter paths are worth their writing only where a step is a cache miss.
        if neurons > CACHED:
            for k in range(count):
                if parent[sources[k]] != tails[k] != sources[k]:
                    parent[sources[k]] = tails[k]
                if parent[targets[k]] != heads[k] != targets[k]:
                    parent[targets[k]] = heads[k]
        for k in range(count):
            more, less = _join(parent, tails[k], heads[k])
            if less:
                both = more + less
                clusters[more] -= 1
                clusters[less] -= 1
                clusters[both] += 1
                squares += 2 * np.int64(more) * np.int64(less)
                if both > s1:
                    # The former largest comes second unless it is part of the new
                    # one; then the second stays, unless it is the other part.
                    if clusters[s1] > 0:
                        s2 = s1
                    while clusters[s2] == 0:
                        s2 -= 1
                    s1 = both
                elif both > s2:
                    s2 = both
                mean = (squares - np.int64(s1) * np.int64(s1)) / neurons
            m = start + k + 1
            largest[m], second[m], mean_cluster_size[m] = s1, s2, mean


@njit(cache=True)
def is_permutation(order: Ints, links: int) -> bool:
    """Return whether an order holds each of the ids 0 to `links` - 1 once."""
    seen = np.zeros(links // 8 + 1, np.uint8)  # bits, which stay in cache
    for link in order:
        byte, bit = np.uint64(link) >> np.uint64(3), 1 << (link & 7)
        if not 0 <= link < links or seen[byte] & bit:
            return False
        seen[byte] |= bit
    return len(order) == links


@njit(cache=True, nogil=True)
def place_within(ranking: Ints, group: Ints, ranked: Ints, place: Ints) -> None:
    """Write the place of each in the ranking of its group; `ranked` counts, from 0."""
    for one in ranking:
        mine = group[one]
        place[one] = ranked[mine]
        ranked[mine] += 1


@njit(cache=True)
def survive(last: Ints, kept: Ints, place: int) -> bool:
    """Note which links a damage keeps; False if one is new since the damage before.

    `last` holds the place of the last damage each link survived, -1 for none.
    """
    for link in kept:
        if not 0 <= link < len(last) or last[link] != place - 1:
            return False
        last[link] = place
    return True


@njit(cache=True, nogil=True)
def follow_damages(
    neurons: int,
    inputs: int,
    head: int,
    source: Ints,
    target: Ints,
    last: Ints,
    damages: int,
) -> NDArray[np.int64]:
    """Count the largest cluster and the neurons on a path: two rows, by damage.

    Parameters
    ----------
    neurons : int
    inputs, head : int
        Neurons before `inputs` are at the first depth, from `head` on at the last.
    source, target : ndarray of int, shape (links,)
    last : ndarray of int32, shape (links,)
        Place of the last damage each link survives, -1 for none.
    damages : int
    """
    order, start = _latest_first(last, damages)
    parent = np.full(neurons, -1, np.int32)
    fed, feeds = np.zeros(neurons, np.bool_), np.zeros(neurons, np.bool_)
    fed[:inputs] = True
    feeds[head:] = True
    # Links present so far hang in two chains, from their source and from their target.
    out, into = np.full(neurons, -1, np.int32), np.full(neurons, -1, np.int32)
    next_out, next_into = np.empty(len(last), np.int32), np.empty(len(last), np.int32)
    stack = np.empty(neurons, np.int32)
    found = np.zeros((2, damages), np.int64)
    largest, on_path = 1, 0
    for group in range(damages):
        for link in order[start[group] : start[group + 1]]:
            i, j = source[link], target[link]
            next_out[link], out[i] = out[i], link
            next_into[link], into[j] = into[j], link
            more, less = _join(parent, i, j)
            largest = max(largest, more + less)
            if fed[i] and not fed[j]:
                on_path += _mark(j, fed, feeds, inputs, out, next_out, target, stack)
            if feeds[j] and not feeds[i]:
                on_path += _mark(i, feeds, fed, inputs, into, next_into, source, stack)
        place = damages - 1 - group
        found[0, place], found[1, place] = largest, on_path
    return found


@njit(cache=True, nogil=True)
def follow_reach(
    neurons: int,
    inputs: int,
    head: int,
    source: Ints,
    target: Ints,
    order: Ints | None,
    on_path: Ints,
) -> None:
    """Write the neurons on a path for every number of links kept.

    Parameters
    ----------
    neurons, inputs, head : int
        As for `follow_damages`.
    source, target, order : ndarray of int, shape (links,)
        As for `follow_order`.
    on_path : ndarray of int32, shape (links + 1,)
    """
    links = len(source)
    fed, feeds = np.zeros(neurons, np.bool_), np.zeros(neurons, np.bool_)
    fed[:inputs] = True
    feeds[head:] = True
    out, into = np.full(neurons, -1, np.int32), np.full(neurons, -1, np.int32)
    next_out, next_into = np.empty(links, np.int32), np.empty(links, np.int32)
    stack = np.empty(neurons, np.int32)
    count, on_path[0] = 0, 0
    for m in range(1, links + 1):
        link = np.int64(links - m)
        if order is not None:
            link = np.int64(order[link])
        i, j = source[link], target[link]
        next_out[link], out[i] = out[i], link
        next_into[link], into[j] = into[j], link
        if fed[i] and not fed[j]:
            count += _mark(j, fed, feeds, inputs, out, next_out, target, stack)
        if feeds[j] and not feeds[i]:
            count += _mark(i, feeds, fed, inputs, into, next_into, source, stack)
        on_path[m] = count


@njit(cache=True)
def _latest_first(last: Ints, damages: int) -> tuple[Ints, Ints]:
    """Sort links by the last damage they survive, latest first, and say where."""
    start = np.zeros(damages + 2, np.int64)
    for place in last:
        start[damages - place] += 1  # those that survive none come last of all
    start = np.cumsum(start)
    order, free = np.empty(len(last), np.int32), start.copy()
    for link in range(len(last)):
        group = damages - 1 - last[link]
        order[free[group]] = link
        free[group] += 1
    return order, start


@njit(cache=True)
def _mark(
    neuron: int,
    marked: NDArray[np.bool_],
    other: NDArray[np.bool_],
    inputs: int,
    first: Ints,
    following: Ints,
    end: Ints,
    stack: Ints,
) -> int:
    """Mark a neuron and all behind it; count the hidden that have both marks now."""
    both, height = 0, 1
    stack[0], marked[neuron] = neuron, True
    while height:
        height -= 1
        here = stack[height]
        both += other[here] and here >= inputs
        link = first[here]
        while link >= 0:
            there = end[link]
            if not marked[there]:
                marked[there] = True
                stack[height] = there
                height += 1
            link = following[link]
    return both
