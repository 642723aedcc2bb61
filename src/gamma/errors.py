"""Every error that Gamma raises, in one tree.

GammaError
├── CallerError            the request is at fault; never retried, never counted against a provider
│   ├── MalformedJson · InvalidRequest · MissingField · InvalidType · UnsupportedParameter
│   ├── UnknownModel · UnknownPath · WrongMethod · BodyTooLarge · HeadersTooLarge
│   ├── Unauthenticated · KeyInQuery · Forbidden
│   └── ContextLengthExceeded · CallerLeft
├── PolicyError            a rule that somebody set
│   └── RateLimited · BudgetExceeded
├── ProviderError          the vendor or server behind the gateway is at fault
│   ├── credential: ProviderAuthFailed · ProviderForbidden · ProviderQuotaExceeded
│   ├── model:      ProviderModelNotFound · ProviderContentFiltered
│   └── deployment: ProviderRateLimited · ProviderOverloaded · ProviderServerError · ProviderUnreachable
│                   · ProviderTimeout · ProviderMalformed · ProviderStreamCut
└── InternalError          Gamma itself is at fault
    └── Draining · Overloaded · NoDeployment · MissingExtra

SettingsError stands outside: it is raised before anything is served and carries the faults of a settings file.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Fault = Literal["caller", "policy", "credential", "model", "deployment", "gamma"]


class GammaError(Exception):
    """Base of everything that reaches a caller as an error answer.

    Args:
        message: what happened and how to mend it, one sentence, fit for the caller.
        param: the request field at fault, in the caller's spelling.
        retry_after_s: seconds after which the same request may succeed.
        provider_status: the HTTP status that the provider answered.
        provider_code: the provider's own error code.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "gamma_internal"
    retryable: ClassVar[bool] = False
    fault: ClassVar[Fault] = "gamma"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        provider_status: int | None = None,
        provider_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.provider_status = provider_status
        self.provider_code = provider_code


class CallerError(GammaError):
    """The request is at fault: the same request would fail everywhere."""

    status = 400
    code = "caller_invalid_request"
    fault = "caller"


class MalformedJson(CallerError):
    """The body is not JSON."""

    code = "caller_malformed_json"


class InvalidRequest(CallerError):
    """The request breaks a rule of its dialect, or the provider refused it as invalid."""


class MissingField(CallerError):
    """A required field is absent."""

    code = "caller_missing_field"


class InvalidType(CallerError):
    """A field has the wrong JSON type or a value outside its range."""

    code = "caller_invalid_type"


class UnsupportedParameter(CallerError):
    """The target cannot take a parameter, and the model's settings do not say `drop_unsupported: true`."""

    code = "caller_unsupported_parameter"


class UnknownModel(CallerError):
    """No model of that name is on."""

    status = 404
    code = "caller_unknown_model"


class UnknownPath(CallerError):
    """Nothing is served at that path."""

    status = 404
    code = "caller_unknown_path"


class WrongMethod(CallerError):
    """The path is served, but not with that HTTP method."""

    status = 405
    code = "caller_wrong_method"


class BodyTooLarge(CallerError):
    """The body exceeds `server.max_body_mb`."""

    status = 413
    code = "caller_body_too_large"


class HeadersTooLarge(CallerError):
    """The request's head exceeds `server.max_header_kb`."""

    status = 431
    code = "caller_headers_too_large"


class Unauthenticated(CallerError):
    """No key, or an unknown one."""

    status = 401
    code = "caller_unauthenticated"


class KeyInQuery(CallerError):
    """A key in the URL would land in logs; it is refused, whether valid or not."""

    status = 401
    code = "caller_key_in_query"


class Forbidden(CallerError):
    """The key is known but may not do this."""

    status = 403
    code = "caller_forbidden"


class ContextLengthExceeded(CallerError):
    """The conversation is longer than the model's context window; a larger model may take it."""

    code = "caller_context_length"


class CallerLeft(CallerError):
    """The caller closed the connection; nothing is sent, the record is kept."""

    status = 499
    code = "caller_left"


class PolicyError(GammaError):
    """A rule set by the operator refuses the request."""

    status = 403
    code = "policy_refused"
    fault = "policy"


class RateLimited(PolicyError):
    """A limit of the operator's is reached."""

    status = 429
    code = "policy_rate_limited"


class BudgetExceeded(PolicyError):
    """A budget of the operator's is used up."""

    status = 402
    code = "policy_budget_exceeded"


class ProviderError(GammaError):
    """The provider failed."""

    status = 502
    code = "provider_error"
    fault: ClassVar[Fault] = "deployment"


class ProviderAuthFailed(ProviderError):
    """The provider refused our credential."""

    code = "provider_auth_failed"
    fault = "credential"


class ProviderForbidden(ProviderError):
    """Our credential may not use this model or region."""

    code = "provider_forbidden"
    fault = "credential"


class ProviderQuotaExceeded(ProviderError):
    """Our account with the provider has no credit or quota left."""

    status = 503
    code = "provider_quota_exceeded"
    fault = "credential"


class ProviderModelNotFound(ProviderError):
    """The provider does not know the model (or has retired it)."""

    status = 404
    code = "provider_model_not_found"
    fault = "model"


class ProviderContentFiltered(ProviderError):
    """The provider's content filter refused the prompt or the answer."""

    status = 400
    code = "provider_content_filtered"
    fault = "model"


class ProviderRateLimited(ProviderError):
    """The provider's rate limit is reached."""

    status = 429
    code = "provider_rate_limited"
    retryable = True


class ProviderOverloaded(ProviderError):
    """The provider is out of capacity for the moment."""

    status = 503
    code = "provider_overloaded"
    retryable = True


class ProviderServerError(ProviderError):
    """The provider answered with a server error."""

    code = "provider_server_error"
    retryable = True


class ProviderUnreachable(ProviderError):
    """DNS, TLS or TCP to the provider failed, or the connection was reset."""

    code = "provider_unreachable"
    retryable = True


class ProviderTimeout(ProviderError):
    """A deadline passed: connect, first token, stall between tokens, or total."""

    status = 504
    code = "provider_timeout"
    retryable = True


class ProviderMalformed(ProviderError):
    """The provider's answer is not of its dialect."""

    code = "provider_malformed"
    retryable = True


class ProviderStreamCut(ProviderError):
    """The provider's stream ended before its answer did."""

    code = "provider_stream_cut"
    retryable = True


class InternalError(GammaError):
    """Gamma failed; the log holds the cause under the request id."""


class Draining(InternalError):
    """The server is stopping and takes nothing new."""

    status = 503
    code = "gamma_draining"


class Overloaded(InternalError):
    """The server is at its own limit of concurrent requests."""

    status = 503
    code = "gamma_overloaded"


class NoDeployment(InternalError):
    """No deployment of the model can take the request."""

    status = 503
    code = "gamma_no_deployment"


class MissingExtra(InternalError):
    """An optional part is not installed; the message names the command that installs it."""

    status = 501
    code = "gamma_missing_extra"


class SettingsError(Exception):
    """The settings cannot be used.

    Args:
        faults: one line per fault, each `file:line: what is wrong; the mend`.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
