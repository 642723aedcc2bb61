"""Each kind of fault is found, named with its line, and told with its mend."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from gamma.errors import SettingsError
from gamma.settings import is_loopback, load
from gamma.types.secret import Secret

CONTRACT = """\
server:   {host: 127.0.0.1, port: 8000, workers: 1}
database: {url: "sqlite:///gamma.db"}
redis:    {url: null}
auth:     {admin_key: env:GAMMA_ADMIN_KEY}
providers:
  openai:  {api_key: env:OPENAI_API_KEY}
  my-vllm: {wire: openai_chat, base_url: "http://10.0.0.7:8000/v1", api_key: none}
  groq-eu: {like: groq, base_url: "https://eu.example/openai/v1", api_key: env:GROQ_EU_KEY}
models:
  fast:
    balancer: weighted
    deployments:
      - {provider: openai,  model: gpt-4o-mini, weight: 3}
      - {provider: my-vllm, model: qwen3-8b,    weight: 1}
    fallbacks: [smart]
    retries: 2
    timeouts: {connect_s: 5, first_token_s: 20, stall_s: 15, total_s: 600}
    rescue: true
    hedge: {after: p95, budget: 0.05}
  smart:
    deployments: [{provider: anthropic, model: claude-sonnet-4-5}]
"""
ENVIRON = {"GAMMA_ADMIN_KEY": "gm-a", "OPENAI_API_KEY": "sk-o", "GROQ_EU_KEY": "gsk", "ANTHROPIC_API_KEY": "sk-a"}


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path: Path = tmp_path / "gamma.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def faults(write):
    """Faults of a file, without its path: `line: text`."""

    def faults(text: str, environ: dict[str, str] | None = None) -> list[str]:
        path = write(text)
        with pytest.raises(SettingsError) as caught:
            load(path, environ or {})
        return [fault.removeprefix(f"{path}:").strip() for fault in caught.value.faults]

    return faults


def test_the_contracts_example_loads(write):
    settings = load(write(CONTRACT), ENVIRON)
    assert settings.auth.admin_key == Secret("gm-a")
    assert set(settings.providers) == {"openai", "my-vllm", "groq-eu", "anthropic"}
    assert settings.providers["openai"].api_key == Secret("sk-o")
    assert settings.providers["my-vllm"].api_key is None
    fast = settings.models["fast"]
    assert (fast.balancer, fast.fallbacks, fast.retries, fast.rescue) == ("weighted", ("smart",), 2, True)
    assert [d.weight for d in fast.deployments] == [3, 1]
    assert fast.deployments[0].timeouts.first_token_s == 20
    assert fast.hedge is not None
    assert fast.hedge.budget == 0.05


def test_keys_that_have_no_effect_yet_are_noticed(write):
    assert any("models.fast.hedge" in notice for notice in load(write(CONTRACT), ENVIRON).notices)


def test_without_a_file_providers_with_a_key_in_the_environment_are_on():
    settings = load(None, {"OPENAI_API_KEY": "a", "GROQ_API_KEY": "b"})
    assert set(settings.providers) == {"openai", "groq"}
    assert settings.server.port == 8000


def test_without_a_file_and_environment_nothing_is_on():
    assert load(None, {}).providers == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.0.0.0", "http://0.0.0.0:11434"),
        ("10.1.2.3:9000", "http://10.1.2.3:9000"),
        ("https://ollama.example", "https://ollama.example"),
        ("http://box:1/", "http://box:1"),
    ],
)
def test_a_local_server_is_on_where_its_address_is_in_the_environment(value, expected):
    assert load(None, {"OLLAMA_HOST": value}).providers["ollama"].base_url == expected


def test_a_row_whose_variable_is_missing_stays_off_with_a_notice():
    settings = load(None, {"CLOUDFLARE_API_TOKEN": "x"})
    assert settings.providers == {}
    assert "CLOUDFLARE_ACCOUNT_ID" in settings.notices[0]


def test_variables_come_from_the_file_then_the_environment_then_the_row(write):
    text = "providers:\n  azure_openai: {resource: mine}\n  vertex: {project: p}\n"
    settings = load(write(text), {"AZURE_API_KEY": "k", "AZURE_OPENAI_RESOURCE": "other"})
    assert settings.providers["azure_openai"].variables["resource"] == "mine"
    assert settings.providers["vertex"].variables["location"] == "global"


def test_a_host_variable_may_be_given_with_its_scheme():
    settings = load(None, {"DATABRICKS_HOST": "https://adb-1.azuredatabricks.net/", "DATABRICKS_TOKEN": "x"})
    assert settings.providers["databricks"].variables["workspace"] == "adb-1.azuredatabricks.net"


def test_aws_credentials_are_kept_as_secrets():
    environ = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "very", "AWS_REGION": "eu-west-1"}
    settings = load(None, environ)
    assert settings.providers["bedrock"].variables["secret_access_key"] == Secret("very")
    assert "very" not in repr(settings)


def test_a_deployment_switches_a_keyless_local_server_on(write):
    settings = load(write("models: {m: {deployments: [{provider: ollama, model: qwen3}]}}"), {})
    assert settings.providers["ollama"].api_key is None


def test_a_deployment_may_be_written_as_provider_slash_model(write):
    settings = load(write("models: {m: {deployments: [openai/gpt-4o]}}"), {"OPENAI_API_KEY": "k"})
    assert settings.models["m"].deployments[0].model == "gpt-4o"


def test_the_nearer_timeouts_retries_and_price_win(write):
    text = """\
providers:
  openai: {api_key: k, timeouts: {total_s: 11, stall_s: 3}}
models:
  a:
    retries: 4
    price: {input_per_mtok: 1, output_per_mtok: 2}
    deployments:
      - {provider: openai, model: x, retries: 0, timeouts: {connect_s: 1}, price: {input_per_mtok: 5, output_per_mtok: 6}}
      - {provider: openai, model: y}
"""
    first, second = load(write(text), {}).models["a"].deployments
    assert (first.timeouts.total_s, first.timeouts.connect_s, first.timeouts.stall_s) == (11, 1, 3)
    assert (first.retries, second.retries) == (0, 4)
    assert first.price is not None
    assert second.price is not None
    assert (first.price.input_per_mtok, second.price.input_per_mtok) == (5, 1)


def test_files_are_read_relative_to_the_settings(write, tmp_path):
    (tmp_path / "key.txt").write_text("sk-file\n")
    settings = load(write("providers: {openai: {api_key: file:key.txt}}"), {})
    assert settings.providers["openai"].api_key == Secret("sk-file")


def test_any_value_may_come_from_the_environment(write):
    settings = load(write("server: {port: env:PORT}"), {"PORT": "9001"})
    assert settings.server.port == 9001


def test_a_disabled_provider_is_off_although_its_key_is_set(write):
    assert load(write("providers: {openai: {enabled: false}}"), {"OPENAI_API_KEY": "k"}).providers == {}


def test_the_operators_own_rows_are_added(write, tmp_path):
    row = 'title = "Acme"\nbase_url = "https://acme.example/v1"\ndocs = ""\nenv = ["ACME_KEY"]\nwires = ["openai_chat"]'
    (tmp_path / "rows.toml").write_text(f"[acme]\n{row}\n")
    settings = load(write("catalog: rows.toml"), {"ACME_KEY": "k"})
    assert settings.providers["acme"].api_key == Secret("k")
    assert settings.catalog.row("acme").title == "Acme"


def test_an_empty_file_is_all_defaults(write):
    assert load(write(""), {}).models == {}


# One test for each kind of fault.


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("server:\n  prot: 1", "2: server.prot is not a setting (did you mean 'port'?)"),
        ("serve: {}", "1: serve is not a setting (did you mean 'server'?)"),
        ("server: {port: hello}", "1: server.port must be a whole number, not 'hello'"),
        ("server: {port: 70000}", "1: server.port must be a whole number from 0 to 65535, not 70000"),
        ("server: {port: [1]}", "1: server.port must be a whole number, not a list"),
        ("server: [1]", "1: server must be a mapping of keys to values, not a list"),
        ("auth: {enabled: maybe}", "1: auth.enabled must be true or false, not 'maybe'"),
        ("server: {port: 1}\nserver: {port: 2}", "2: server stands twice, first in line 1; keep one"),
        ("server: {port: 1,\n port: 2}", "2: server.port stands twice, first in line 1; keep one"),
        ("models: {m: {deployments: }}", "1: models.m needs deployments: [{provider: ..., model: ...}]"),
        ("database: {url: 'mysql://u:pw@h/d'}", "1: database.url must begin with sqlite:// or postgresql:// or postgres://"),
        ("providers:\n  x: {wire: openai_chat, base_url: 'ftp://h'}", None),
        ("providers: {x: {wire: openai_chat}}", "1: providers.x: a provider with a `wire` of its own needs a base_url"),
    ],
)
def test_wrong_keys_and_types_are_named(faults, text, fault):
    found = faults(text)
    assert found[0] == fault if fault else "is no address: 'ftp://h'" in found[0]


def test_an_unset_variable_is_named(faults):
    text = "providers:\n  openai:\n    api_key: env:NO_SUCH_KEY"
    assert faults(text) == ["3: environment variable NO_SUCH_KEY is not set; set it, or write the value in its place"]


def test_a_missing_secret_file_is_named(faults):
    assert "No such file or directory" in faults("providers: {openai: {api_key: file:absent.txt}}")[0]


def test_a_missing_key_names_the_variable_to_set(faults):
    found = faults("models:\n  m:\n    deployments:\n      - {provider: openai, model: x}")
    assert found[0].startswith("4: models.m.deployments[0].provider: provider openai: it needs a key: set OPENAI_API_KEY")


def test_a_missing_variable_names_what_to_set(faults):
    found = faults("providers: {cloudflare: {api_key: k}}")
    assert "CLOUDFLARE_ACCOUNT_ID in the environment, or providers.cloudflare.account_id" in found[0]


def test_the_environments_key_is_not_sent_to_another_host(faults):
    found = faults("providers: {eu: {like: groq, base_url: 'https://eu.example/v1'}}", {"GROQ_API_KEY": "k"})
    assert "it needs a key: set providers.eu.api_key" in found[0]


def test_an_unknown_provider_is_named_with_the_nearest(faults):
    assert "did you mean 'openai'" in faults("models: {m: {deployments: [{provider: opnai, model: x}]}}")[0]
    assert "did you mean 'groq'" in faults("providers: {grok: {api_key: k}}")[0]
    assert "did you mean 'groq'" in faults("providers: {x: {like: grop}}")[0]


def test_an_unknown_wire_is_named_with_the_nearest(faults):
    assert "did you mean 'openai_chat'" in faults("providers: {x: {wire: openai-chat, base_url: 'http://h'}}")[0]


def test_a_slash_in_a_providers_name_is_refused(faults):
    assert "holds no slash" in faults("providers: {a/b: {like: groq, api_key: k}}")[0]


def test_a_switched_off_provider_cannot_have_deployments(faults):
    text = "providers: {openai: {enabled: false}}\nmodels: {m: {deployments: [openai/x]}}"
    assert "provider openai is switched off" in faults(text)[0]


@pytest.mark.parametrize("name", ["least_connections", "response_time", "intelligent", "adaptive", "random"])
def test_a_balancer_that_this_version_lacks_is_refused_plainly(faults, name):
    text = f"models: {{m: {{balancer: {name}, deployments: [ollama/x]}}}}"
    assert "is not a balancer of this version, which has round_robin, weighted" in faults(text)[0]


def test_an_unknown_fallback_is_named(faults):
    assert (
        "no model 'smrt' (did you mean 'smart'?)"
        in faults("models: {smart: {deployments: [ollama/x]}, fast: {fallbacks: [smrt], deployments: [ollama/y]}}")[0]
    )


def test_fallbacks_in_a_circle_are_told_once(faults):
    text = "models:\n  a: {fallbacks: [b], deployments: [ollama/x]}\n  b: {fallbacks: [a], deployments: [ollama/y]}"
    assert faults(text) == ["2: models.a.fallbacks form a cycle: a -> b -> a; take one away"]


def test_open_gateways_listen_on_loopback_only(faults, write):
    found = faults("server: {host: 0.0.0.0}\nauth: {enabled: false}")
    assert found[0].startswith("2: auth.enabled: false opens the gateway to everyone who reaches 0.0.0.0")
    assert load(write("auth: {enabled: false}"), {}).auth.enabled is False


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)])
def test_loopback_is_told_apart(host, loopback):
    assert is_loopback(host) is loopback


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nope.yaml: cannot be read: No such file"):
        load(tmp_path / "nope.yaml", {})


def test_what_is_not_yaml_is_named_with_its_line(faults):
    assert faults("server: {\nport: ]")[0].startswith("2: not YAML")


def test_wrong_rows_of_the_operator_are_named(faults, tmp_path):
    (tmp_path / "rows.toml").write_text('[acme]\ntitle = "A"\nbase_url = "https://a"\ndocs = ""\nwire = "x"\n')
    assert "row acme: unknown field 'wire' (did you mean 'wires'?)" in faults("catalog: rows.toml")[0]


def test_a_price_names_what_it_lacks(faults):
    text = "models: {m: {deployments: [ollama/x], price: {input_per_mtok: 1}}}"
    assert faults(text) == ["1: models.m.price needs output_per_mtok"]


@pytest.mark.parametrize("after", ["q95", "0", "-1"])
def test_a_hedge_waits_for_a_quantile_or_seconds(faults, after):
    assert (
        "models.m.hedge.after must be" in faults(f"models: {{m: {{deployments: [ollama/x], hedge: {{after: {after}}}}}}}")[0]
    )


def test_wrong_traits_are_named(faults):
    found = faults("providers: {openai: {api_key: k, traits: {flatten_text: 3, tokenfield: x}}}")
    assert any("flatten_text" in fault for fault in found)
    assert any("did you mean 'token_field'" in fault for fault in found)


def test_all_faults_come_at_once_in_the_order_of_their_lines(faults):
    found = faults("server: {prt: 1}\nauth: {enabled: 3}\nmodels: {m: {}}")
    assert [fault.split(":")[0] for fault in found] == ["1", "2", "3"]


def test_secrets_show_themselves_nowhere(write):
    settings = load(write(CONTRACT), ENVIRON)
    for key in ("sk-o", "gsk", "gm-a"):
        assert key not in repr(settings)
        assert key not in str(settings.providers)
    with pytest.raises(TypeError):
        pickle.dumps(settings.providers["openai"].api_key)
