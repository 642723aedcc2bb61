"""Puts peers in place: Python packages into environments of their own, Node packages into folders, programs by apt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from peers.base import FOLDER, Missing

INSTALL_S = 600.0


def python_package(folder: str, package: str, requirement: str) -> Path:
    """Makes a virtual environment that holds a pinned package.

    Args:
        folder: name below `.peers`.
        package: the distribution's name.
        requirement: what pip is given, as in `name[extra]==1.2`.

    Returns:
        The environment's `bin`.
    """
    root = FOLDER / folder
    bin_ = root / "bin"
    wanted = requirement.partition("==")[2]
    name = package.replace("-", "_")
    if not list(root.glob(f"lib/python*/site-packages/{name}-{wanted}.dist-info")):
        _say(f"installing {requirement}")
        if not (bin_ / "python").exists():
            _install([sys.executable, "-m", "venv", str(root)])
        _install([str(bin_ / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement])
    return bin_


def node_package(folder: str, package: str, version: str, overrides: dict[str, str]) -> Path:
    """Installs a pinned Node package.

    Args:
        folder: name below `.peers`.
        package: its name.
        version: its version.
        overrides: versions of packages that it needs, where its own choice does not work.

    Returns:
        The package's folder.
    """
    if shutil.which("node") is None:
        raise Missing(f"{package} needs Node.js; install it (Debian: apt-get install nodejs npm)")
    root = FOLDER / folder
    place = root / "node_modules" / package
    wanted = msgspec.json.encode({"private": True, "dependencies": {package: version}, "overrides": overrides})
    stamp = root / ".installed"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        if shutil.which("npm") is None:
            raise Missing(f"installing {package} needs npm; install it (Debian: apt-get install npm)")
        _say(f"installing {package}@{version}")
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / "package.json").write_bytes(wanted)
        _install(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(root)])
        stamp.write_bytes(wanted)
    return place


def debian_program(program: str) -> str:
    """A program that Debian packages under its own name.

    Returns:
        Its path.
    """
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _say(f"installing {program}")
        _install(["apt-get", "update", "-qq"])
        _install(["apt-get", "install", "-y", "-qq", "--no-install-recommends", program])
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        raise Missing(f"{program} is not installed; install it (Debian: apt-get install {program})")
    return path


def printed_version(command: list[str]) -> str:
    """The first thing that looks like a version in what a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"\d+\.\d+[.\d]*", done.stdout + done.stderr)
    return found[0] if found else "?"


def _install(command: list[str]) -> None:
    try:
        done = subprocess.run(command, stdout=sys.stderr, timeout=INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"`{' '.join(command)}` failed: {error}") from error
    if done.returncode:
        raise Missing(f"`{' '.join(command)}` failed with exit code {done.returncode}; its words are above")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
