"""Random streams: the same description, the same numbers; another one, others."""

from itertools import combinations

import numpy as np
import pytest
from networks import in_new_process

from netrobust.core.random_streams import stream

KEYS = [
    (0,),
    (1,),
    (2**40,),
    (0, "a"),
    (0, "b"),
    (0, "a", "b"),
    (0, "ab"),
    (0, "b", "a"),
    (0, "a", 1),
    (0, "a", 11),
    (0, "a", 1, 1),
    (1, "a"),
    (0, "ä"),
]


def first(key):
    return stream(*key).integers(2**63, size=4).tolist()


def test_the_same_key_gives_the_same_numbers():
    for key in KEYS:
        assert first(key) == first(key)


def test_other_keys_give_other_numbers():
    for one, two in combinations(KEYS, 2):
        assert first(one) != first(two), (one, two)


def test_streams_do_not_disturb_each_other():
    one = stream(0, "a")
    start = one.random()
    stream(0, "a").random(100)
    again = stream(0, "a")
    assert [start, one.random()] == again.random(2).tolist()


def test_numbers_are_those_of_every_machine_and_process():
    # Published tables rest on these numbers: they must never change.
    expected = [
        647729522058016161,
        8169193372241248750,
        8245076406678945550,
        5062687193857195063,
    ]
    assert first((0, "network", 3)) == expected
    code = "from netrobust.core.random_streams import stream; "
    code += "print(stream(0, 'network', 3).integers(2**63, size=4).tolist())"
    assert in_new_process(code, PYTHONHASHSEED="7") == str(expected)


def test_numpy_integers_are_integers():
    assert first((np.int64(3), "a", np.int64(2))) == first((3, "a", 2))


def test_a_negative_seed_is_none():
    with pytest.raises(ValueError, match="0 or larger"):
        stream(-1)
