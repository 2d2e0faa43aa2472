"""Kernels are compiled where nothing can be kept, and it is said once."""

import logging

import numba
import pytest

from netrobust.core import compiled


def test_without_a_place_for_code_it_is_compiled_anew(monkeypatch, caplog):
    def njit(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)
    monkeypatch.setattr(compiled, "_told", [])
    with caplog.at_level(logging.WARNING, logger="netrobust"):
        for _ in range(2):
            assert compiled.njit(cache=True)(abs)(-1) == 1
    assert [record.message.count("NUMBA_CACHE_DIR") for record in caplog.records] == [1]


def test_other_errors_stay(monkeypatch):
    def njit(**options):
        raise RuntimeError("no")

    monkeypatch.setattr(numba, "njit", njit)
    with pytest.raises(RuntimeError, match="no"):
        compiled.njit(cache=True)(abs)
