"""What the settings file says about models: public names and the deployments behind them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from gamma.providers.config import PriceConfig
from gamma.types.timeouts import Timeouts


class DeploymentConfig(Struct, frozen=True, kw_only=True):
    """One of a model's `deployments:`. What it leaves out has been filled in from its model and its provider.

    Attributes:
        provider: a name under `providers:` or of the catalogue.
        model: the provider's own name of the model.
        weight: its share under the `weighted` balancer.
        price: what the operator pays; None takes the public price.
        timeouts: deadlines of one attempt, resolved: the deployment's, else the model's, else the provider's.
        retries: further attempts after the first, resolved.
        drop_unsupported: leave out what the provider cannot take instead of refusing, resolved.
        params: request fields added where the caller gave none, such as `temperature`.
    """

    provider: str
    model: str
    weight: float = 1.0
    price: PriceConfig | None = None
    timeouts: Timeouts = Timeouts()
    retries: int = 2
    drop_unsupported: bool = False
    params: dict[str, Any] = {}


class HedgeConfig(Struct, frozen=True, kw_only=True):
    """`hedge:` of a model: a second attempt for the slow tail.

    Attributes:
        after: when to send it: a quantile of recent times such as `p95`, or seconds.
        budget: largest share of extra cost, between 0 and 1.
    """

    after: str | float = "p95"
    budget: float = 0.05


class ModelConfig(Struct, frozen=True, kw_only=True):
    """One entry under `models:`.

    Attributes:
        name: the public name.
        balancer: file name under `gamma.routing.balancers`.
        fallbacks: public names to try, in order, when no deployment answers.
        retries: further attempts after the first, over all deployments.
        timeouts: deadlines of one attempt.
        drop_unsupported: leave out what a provider cannot take instead of refusing.
        price: what the operator pays, for deployments that set none.
        rescue: whether a stream that fails after its first byte may be continued or restarted elsewhere.
        hedge: None sends no second attempt.
        objective: what learning balancers optimise.
    """

    name: str
    deployments: tuple[DeploymentConfig, ...]
    balancer: str = "round_robin"
    fallbacks: tuple[str, ...] = ()
    retries: int = 2
    timeouts: Timeouts = Timeouts()
    drop_unsupported: bool = False
    price: PriceConfig | None = None
    rescue: bool = False
    hedge: HedgeConfig | None = None
    objective: str | None = None
