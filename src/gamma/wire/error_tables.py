"""What providers' statuses and codes mean: the only tables there are (providers.md 11).

Order of use, in `provider_errors`: a decisive code, then the texts of faults for which vendors declare no code of their
own, then a telling status, then a vague code, then the status whatever it says.
"""

from __future__ import annotations

import re

from gamma.errors import (
    ContextLengthExceeded,
    GammaError,
    InvalidRequest,
    ProviderAuthFailed,
    ProviderContentFiltered,
    ProviderForbidden,
    ProviderModelNotFound,
    ProviderOverloaded,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderServerError,
    ProviderTimeout,
)

Kind = type[GammaError]

_DECISIVE: dict[Kind, str] = {
    # openai · cohere · perplexity · llamacpp · zai · mistral embeddings · zai's finish word
    ContextLengthExceeded: """context_length_exceeded too_many_tokens too_many_prompt_tokens exceed_context_size_error
        1261 3210 model_context_window_exceeded""",
    # openai · mistral · groq · huggingface · together · azure · zai · hyperbolic · databricks · bedrock · dashscope
    ProviderModelNotFound: """model_not_found invalid_model 1500 model_decommissioned model_not_supported
        model_not_available deploymentnotfound 1211 40301 resource_does_not_exist resourcenotfoundexception
        modelnotfound not_found_error""",
    # openai · deepseek, anthropic · gemini · bedrock (three) · aws sts · watsonx · dashscope · zai
    ProviderAuthFailed: """invalid_api_key authentication_error api_key_invalid unauthenticated unauthorized
        unrecognizedclientexception expiredtokenexception expiredtoken invalidsignatureexception
        missingauthenticationtokenexception missingauthenticationtoken incompletesignatureexception
        invalidclienttokenid authentication_token_expired authentication_token_not_valid invalidapikey
        invalid_authentication_error incorrect_api_key_error account_deactivated access_token_expired
        1000 1001 1002 1003 1004""",
    # openai, alibaba · moonshot · anthropic · zai · dashscope · bedrock · watsonx
    ProviderQuotaExceeded: """insufficient_quota billing_hard_limit_reached exceeded_current_quota_error billing_error
        billing_not_active 1113 1304 1308 1310 arrearage servicequotaexceededexception insufficient_balance
        insufficient_credits allocationquota.freetieronly token_quota_reached""",
    # azure, moonshot · openai images and reasoning · alibaba (both layers) · zai · azure's inner error
    ProviderContentFiltered: """content_filter content_policy_violation invalid_prompt data_inspection_failed
        datainspectionfailed 1301 responsibleaipolicyviolation""",
    # openai, groq · bedrock · gemini · alibaba · dashscope · moonshot · zai · databricks · watsonx
    ProviderRateLimited: """rate_limit_exceeded throttlingexception toomanyrequestsexception resource_exhausted
        limit_requests throttling throttling.ratequota throttling.allocationquota rate_limit_reached_error
        too_many_requests 1302 1303 1305 request_limit_exceeded rate_limit_reached_requests
        consumption_limit_reached""",
    # anthropic · groq flex · moonshot · bedrock (two) · zai · openai (two) · huggingface
    ProviderOverloaded: """overloaded_error capacity_exceeded engine_overloaded_error serviceunavailableexception
        modelnotreadyexception 1312 slow_down server_overloaded model_overloaded overloaded""",
    # anthropic · bedrock · gemini · zai
    ProviderTimeout: "timeout_error modeltimeoutexception deadline_exceeded network_error",
    # bedrock: the model failed, not the request (424)
    ProviderServerError: "modelerrorexception modelstreamerrorexception internalserverexception",
}
DECISIVE: dict[str, Kind] = {code: kind for kind, codes in _DECISIVE.items() for code in codes.split()}
"""Codes that settle the matter whatever the status is, in lower case."""

_VAGUE: dict[Kind, str] = {
    InvalidRequest: """invalid_request_error invalid_argument invalid-argument validationexception bad_request
        invalid_parameter_value invalid_value validation_error invalidparameter failed_precondition out_of_range""",
    ProviderRateLimited: "rate_limit_error",
    ProviderOverloaded: "unavailable",
    ProviderForbidden: "permission_error permission_denied accessdeniedexception accessdenied forbidden",
    ProviderModelNotFound: "not_found",
    ProviderServerError: "server_error api_error internal internal_error internal_server_error",
}
VAGUE: dict[str, Kind] = {code: kind for kind, codes in _VAGUE.items() for code in codes.split()}
"""Codes that vendors also use for other faults: they count only where the status tells nothing."""

STATUS: dict[int, Kind] = {
    400: InvalidRequest,
    401: ProviderAuthFailed,
    402: ProviderQuotaExceeded,
    403: ProviderForbidden,
    404: ProviderModelNotFound,
    408: ProviderTimeout,
    409: ProviderServerError,  # the official clients retry it (providers.md 2.5)
    410: ProviderModelNotFound,
    424: ProviderServerError,  # bedrock: the model behind it failed
    425: ProviderServerError,
    429: ProviderRateLimited,
    498: ProviderOverloaded,  # groq flex
    503: ProviderOverloaded,
    504: ProviderTimeout,
    524: ProviderTimeout,  # Cloudflare in front of the provider
    529: ProviderOverloaded,  # anthropic, openrouter
}

TEXTS: tuple[tuple[Kind, frozenset[int], re.Pattern[str]], ...] = (
    (
        ContextLengthExceeded,
        frozenset({200, 400, 413, 422, 500}),
        re.compile(
            r"maximum context length"  # openai, deepseek, openrouter; ollama "max context length" below
            r"|exceeded max context length"  # ollama
            r"|exceeds the context window"  # openai responses
            r"|prompt is too long"  # anthropic
            r"|exceed context limit"  # anthropic: input length and max_tokens
            r"|input token count \(?\d+\)? exceeds"  # gemini, vertex
            r"|input tokens exceeded"  # bedrock
            r"|input is too long for requested model"  # bedrock
            r"|too many tokens: size limit exceeded"  # cohere
            r"|total length of all messages is too long"  # perplexity
            r"|exceeds the available context size"  # llamacpp
            r"|\d+ tokens\) is too large to process"  # llamacpp, embeddings (status 500)
            r"|too large for model with \d+ maximum context length"  # mistral
            r"|exceeded model token limit"  # moonshot
            r"|range of input length should be"  # alibaba
            r"|maximum number of input tokens"  # watsonx
            r"|context (?:length|window) (?:is )?exceeded",
            re.IGNORECASE,
        ),
    ),
    (
        ProviderQuotaExceeded,
        frozenset({400, 403, 429}),
        re.compile(
            r"credit balance is too low"  # anthropic, status 400
            r"|reached your specified api usage limits"  # anthropic, status 400 or 429
            r"|(?:does ?n[o']t|not) have any credits"  # xai, status 403
            r"|used all available credits"  # xai, status 403 or 429
            r"|insufficient (?:account )?balance"  # moonshot, status 403
            r"|spend(?:ing)? limit",  # anthropic, xai
            re.IGNORECASE,
        ),
    ),
    (
        ProviderAuthFailed,
        frozenset({400}),
        re.compile(r"incorrect api key", re.IGNORECASE),  # xai answers a wrong key with 400
    ),
    (
        ProviderModelNotFound,
        frozenset({400, 422}),
        re.compile(
            r"^model not found"  # xai
            r"|supported api model names"  # deepseek
            r"|model identifier is invalid"  # bedrock
            r"|with on-demand throughput isn.t supported"  # bedrock: the model needs an inference profile
            r"|^model \S+ is not supported"  # voyage
            r"|allowed now, your model",  # hyperbolic
            re.IGNORECASE,
        ),
    ),
)
"""Faults for which a vendor declares no code of their own: the class, the statuses seen with it, and its texts."""

BASE_RESP: dict[int, Kind] = {
    1000: ProviderServerError,
    1001: ProviderTimeout,
    1002: ProviderRateLimited,
    1004: ProviderAuthFailed,
    1008: ProviderQuotaExceeded,
    1013: ProviderServerError,
    1026: ProviderContentFiltered,
    1027: ProviderContentFiltered,
    1039: ProviderRateLimited,  # tokens a minute
    2013: InvalidRequest,
    2049: ProviderAuthFailed,
}
"""MiniMax: `base_resp.status_code` of a body that came with HTTP 200 (providers.md 9)."""


def kind_of_status(status: int) -> Kind:
    """The error class for a status that nothing else explains."""
    if status in STATUS:
        return STATUS[status]
    return InvalidRequest if 400 <= status < 500 else ProviderServerError
