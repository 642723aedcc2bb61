"""What every balancer must do, and what each does in its own way."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest

from gamma import plugins
from gamma.routing.balancers.base import Balancer, Outcome
from gamma.routing.balancers.round_robin import RoundRobin
from gamma.routing.balancers.weighted import Weighted
from gamma.routing.deployment import Deployment

NAMES = plugins.names("gamma.routing.balancers")


class Stand:
    """A deployment as far as balancers look at it."""

    def __init__(self, name: str, weight: float = 1.0) -> None:
        self.name = name
        self.weight = weight
        self.in_flight = 0


def stands(*weights: float) -> list[Deployment]:
    return [cast(Deployment, Stand(chr(97 + i), weight)) for i, weight in enumerate(weights)]


def names(balancer: Balancer, candidates: list[Deployment], times: int) -> str:
    return "".join(balancer.choose(candidates).name for _ in range(times))


@pytest.mark.parametrize("name", NAMES)
def test_a_balancer_chooses_a_candidate_and_takes_outcomes(name: str) -> None:
    balancer: Balancer = plugins.load("gamma.routing.balancers", name)()
    for count in (1, 2, 10, 200):
        candidates = stands(*([1.0] * count))
        for _ in range(50):
            chosen = balancer.choose(candidates)
            assert chosen in candidates
            balancer.update(chosen, Outcome(ok=True, first_token_s=0.1, total_s=0.2))
            balancer.update(chosen, Outcome(ok=False, fault="deployment"))


@pytest.mark.parametrize("name", NAMES)
def test_a_balancer_lets_every_equal_candidate_have_its_share(name: str) -> None:
    balancer: Any = plugins.load("gamma.routing.balancers", name)()
    candidates = stands(1, 1, 1, 1)
    counts = Counter(names(balancer, candidates, 4000))
    assert min(counts.values()) > 700


def test_round_robin_is_smooth_over_weights() -> None:
    assert names(RoundRobin(), stands(5, 1, 1), 7) == "aabacaa"


def test_round_robin_without_weights_is_the_plain_turn() -> None:
    assert names(RoundRobin(), stands(1, 1, 1), 6) == "abcabc"


def test_round_robin_stays_fair_when_candidates_come_and_go() -> None:
    balancer, all_three = RoundRobin(), stands(1, 1, 1)
    names(balancer, all_three[:2], 10)
    assert sorted(Counter(names(balancer, all_three, 30)).values()) == [10, 10, 10]


def test_weighted_follows_its_weights() -> None:
    counts = Counter(names(Weighted(seed=7), stands(3, 1), 4000))
    assert 2.6 < counts["a"] / counts["b"] < 3.4


def test_weighted_never_chooses_a_zero_weight_while_others_have_some() -> None:
    assert set(names(Weighted(seed=7), stands(0, 1), 200)) == {"b"}


def test_weighted_chooses_evenly_when_no_weight_is_given() -> None:
    assert set(names(Weighted(seed=7), stands(0, 0), 50)) == {"a", "b"}
