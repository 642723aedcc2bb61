"""The house rules that a machine can check: sizes, names of vendors, readers of the environment, docstrings."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

import gamma
from gamma import plugins
from gamma.providers.catalog import Catalog, dialects

ROOT = Path(gamma.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS = 500, 60, 6
FORBIDDEN = ("utils", "helpers", "common", "misc")
FORBIDDEN_VERBS = ("handle_", "process_", "manage_")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(scope="module", params=FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def source(request) -> tuple[Path, ast.Module]:
    path: Path = request.param
    return path, ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def test_a_file_stays_under_500_lines(source):
    path, _ = source
    assert len(path.read_text(encoding="utf-8").splitlines()) < MAX_FILE_LINES


def test_a_function_stays_under_60_lines(source):
    _, tree = source
    long = [f"{f.name}:{f.lineno}" for f in functions(tree) if (f.end_lineno or 0) - f.lineno + 1 >= MAX_FUNCTION_LINES]
    assert not long


def test_a_function_has_at_most_six_parameters(source):
    _, tree = source
    assert not [f"{f.name}:{f.lineno}" for f in functions(tree) if len(_parameters(f)) > MAX_PARAMETERS]


def _parameters(function: Function) -> list[ast.arg]:
    a = function.args
    return [x for x in [*a.posonlyargs, *a.args, *a.kwonlyargs] if x.arg not in {"self", "cls"}]


def test_names_say_what_a_thing_is(source):
    path, tree = source
    assert path.stem not in FORBIDDEN
    assert not [f.name for f in functions(tree) if f.name.lstrip("_").startswith(FORBIDDEN_VERBS)]


def test_no_vendor_is_compared_by_name_outside_providers(source):
    path, tree = source
    if path.is_relative_to(ROOT / "providers"):
        return
    assert not [text for text in _compared(tree) if text in _vendors()]


@cache
def _vendors() -> frozenset[str]:
    """Row names that are not also the name of a format."""
    formats = {name for kind in ("embeddings", "rerank") for name in plugins.names(f"gamma.wire.{kind}")}
    return frozenset(Catalog.builtin().names()) - set(dialects()) - formats


def _compared(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides: list[ast.expr] = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        for side in sides:
            members = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
            yield from (m.value for m in members if isinstance(m, ast.Constant) and isinstance(m.value, str))


def test_only_settings_reads_the_environment(source):
    path, tree = source
    if path.is_relative_to(ROOT / "settings"):
        return
    read = {"environ", "getenv", "environb"}
    lines: list[int] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if node.attr in read and isinstance(node.value, ast.Name) and node.value.id == "os":
                lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and any(a.name in read for a in node.names):
            lines.append(node.lineno)
    assert not lines


def test_everything_public_has_a_docstring(source):
    _, tree = source
    bare = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_"))]:
        bare += [f"{n.name}:{n.lineno}" for n in owner.body if _is_public(n) and not ast.get_docstring(n)]
    assert not bare


def _is_public(node: ast.stmt) -> TypeGuard[ast.ClassDef | Function]:
    """A class or function that wants a docstring; the callbacks of asyncio have theirs in asyncio."""
    if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_") or hasattr(asyncio.Protocol, node.name):
        return False
    names = {d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "") for d in node.decorator_list}
    return not names & {"overload", "override"}
