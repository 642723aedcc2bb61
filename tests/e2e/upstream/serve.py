"""Serves a GGUF file with llama.cpp's own HTTP server until its standard input closes: `python serve.py PATH`.

Runs in the environment of the server, not in Gamma's. The first line that begins with `listening` says where.
"""

from __future__ import annotations

import sys

import xllamacpp  # type: ignore[import-not-found,unused-ignore]  # installed by the test into its own environment


def main(path: str) -> None:
    """Serves until whoever started us has gone."""
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"tiny"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 1024
    params.n_parallel = 2
    params.n_gpu_layers = 0
    params.warmup = False
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)  # noqa: T201  # read by the test
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
