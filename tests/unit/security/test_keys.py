"""Keys are known by digest only."""

from __future__ import annotations

from pathlib import Path

from gamma.security.keys import PREFIX, Keys, bootstrap, digest, new_key
from gamma.types.secret import Secret


def test_a_key_is_found_by_its_owner_and_nobody_else() -> None:
    keys = Keys({"ci": Secret("gm-ci")}, digest("gm-admin"))
    ci, admin = keys.find(b"gm-ci"), keys.find(b"gm-admin")
    assert ci is not None
    assert (ci.name, ci.admin) == ("ci", False)
    assert admin is not None
    assert admin.admin
    assert keys.find(b"gm-other") is None


def test_no_key_in_clear_is_kept() -> None:
    assert "gm-ci" not in repr(vars(Keys({"ci": Secret("gm-ci")})))


def test_new_keys_are_recognisable_and_different() -> None:
    first, second = new_key().reveal(), new_key().reveal()
    assert first.startswith(PREFIX)
    assert first != second
    assert len(first) > 40


def test_the_admin_key_is_made_once_and_only_its_digest_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "sub/admin"
    made, key = bootstrap(path)
    assert key is not None
    assert digest(key.reveal()) == made
    assert key.reveal() not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert bootstrap(path) == (made, None)
