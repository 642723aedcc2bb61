"""A secret shows itself nowhere but where it is asked."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from gamma.types.secret import Secret


def test_only_reveal_shows_it():
    secret = Secret("sk-very")
    assert secret.reveal() == "sk-very"
    for text in (repr(secret), str(secret), f"{secret}", f"{secret:>9}", repr([secret])):
        assert "very" not in text


def test_it_is_neither_pickled_nor_encoded():
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        msgspec.json.encode({"key": Secret("x")})
    assert not hasattr(Secret("x"), "__dict__")


def test_equal_secrets_are_equal():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_a_copy_is_the_same_secret():
    secret = Secret("a")
    assert copy.deepcopy(secret) is copy.copy(secret) is secret
