"""How many threads work, and that the setting comes back."""

from contextlib import ExitStack

import numba
import pytest
import torch

from netrobust.parallel.threads import limited_threads


def counts():
    return torch.get_num_threads(), numba.get_num_threads()


@pytest.fixture
def many():
    """Torch with three threads, whatever the machine has."""
    before = counts()[0]
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_blocks_within_blocks(many):
    before, two = counts(), min(2, numba.config.NUMBA_NUM_THREADS)
    with limited_threads(2):
        with limited_threads(1):
            assert counts() == (1, 1)
        assert torch.get_num_threads() == two
        with pytest.raises(ZeroDivisionError), limited_threads(1):
            _ = 1 / 0
        assert torch.get_num_threads() == two
    assert counts() == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("asked", [(1, 1), (1, 2), (3, 2)])
def test_blocks_that_end_in_any_order(asked, order, many):
    blocks = [ExitStack() for _ in asked]
    for block, count in zip(blocks, asked, strict=True):
        block.enter_context(limited_threads(count))
    blocks[order[0]].close()
    most = numba.config.NUMBA_NUM_THREADS
    assert torch.get_num_threads() == min(asked[order[1]], most)
    blocks[order[1]].close()
    assert torch.get_num_threads() == 3
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
