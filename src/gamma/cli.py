"""The command line: `gamma serve`, `gamma simulate`, `gamma check`.

Exit codes: 0 done, 1 the answer is no, 2 wrong usage. Errors go to stderr, one line each, naming what to change.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gamma import __version__

app = typer.Typer(
    name="gamma",
    help="One self-hosted endpoint for every model a company uses.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; without it ./gamma.yaml if it is there, else built-in defaults."),
]


@app.command()
def serve(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (settings: server.host).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on (settings: server.port).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes that share the port.")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add the simulator's providers: works with no key, no network.")
    ] = False,
) -> None:
    """Run the gateway."""
    from gamma import serving  # noqa: PLC0415  # the gateway itself is loaded only where it is run

    settings = _settings(config, {"host": host, "port": port, "workers": workers})
    raise typer.Exit(serving.run(settings, demo=demo))


@app.command()
def simulate(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8401,
    scenario: Annotated[Path | None, typer.Option(help="YAML file with latencies, error rates and limits.")] = None,
) -> None:
    """Run the provider simulator alone."""
    from gamma import serving  # noqa: PLC0415  # as above

    raise typer.Exit(serving.run_simulator(host, port, scenario))


@app.command()
def check(config: Config = None) -> None:
    """Validate settings: print each fault with its line and the mend; exit 1 on any."""
    settings = _settings(config, {})
    models = ", ".join(settings.models) or "none (address models as provider/model)"
    typer.echo(f"settings are valid: {len(settings.providers)} providers on, models: {models}")


def _settings(config: Path | None, overrides: dict[str, object]):  # type: ignore[no-untyped-def]  # noqa: ANN202  # Settings, whose import is what this defers
    from gamma.errors import SettingsError  # noqa: PLC0415  # as above
    from gamma.settings import is_loopback, load  # noqa: PLC0415  # as above

    if config is None and Path("gamma.yaml").exists():
        config = Path("gamma.yaml")
    try:
        settings = load(config)
        server = {k: v for k, v in overrides.items() if v is not None}
        settings = msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, **server))
        if not settings.auth.enabled and not is_loopback(settings.server.host):
            raise SettingsError(("--host: auth.enabled is false, so only a loopback address can be served",))  # noqa: TRY301  # told like every other fault
    except SettingsError as error:
        for fault in error.faults:
            typer.echo(fault, err=True)
        raise typer.Exit(1) from None
    for notice in settings.notices:
        typer.echo(f"note: {notice}", err=True)
    return settings


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Entry point of the `gamma` command."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
