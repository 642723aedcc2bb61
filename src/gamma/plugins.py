"""The only registry: a file's name is the name in the settings and, in CamelCase, the class."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any


def class_name(name: str) -> str:
    """`openai_chat` -> `OpenaiChat`."""
    return "".join(word.capitalize() for word in name.split("_"))


@cache
def names(package: str) -> tuple[str, ...]:
    """Names that `load` accepts for a package, sorted.

    Args:
        package: dotted path of a package whose modules each hold one implementation.
    """
    path = importlib.import_module(package).__path__
    return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_") and m.name != "base"))


@cache
def load(package: str, name: str) -> Any:
    """The class that the file `name` of `package` is about.

    Raises:
        LookupError: the package has no such file, or the file no such class.
    """
    if name not in names(package):
        raise LookupError(f"{package} has no {name!r}; it has {', '.join(names(package))}")
    module = importlib.import_module(f"{package}.{name}")
    try:
        return getattr(module, class_name(name))
    except AttributeError:
        raise LookupError(f"{package}.{name} lacks the class {class_name(name)}") from None
