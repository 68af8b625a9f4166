"""Git is asked for any path that it may hold."""

from __future__ import annotations

from tests.support.user import User


def test_a_path_with_a_line_feed_is_read_as_any_other(user: User, monkeypatch) -> None:
    from gitops_secrets.adapters.git.opening import open_repository

    for name, value in user.env.items():
        monkeypatch.setenv(name, value)
    odd, lost = "a\nHEAD:b", "b\nHEAD:a"
    user.commit({odd: "odd\n", "b": "b\n", "c": "c\n"})
    repository = open_repository(user.repository)
    _, found = repository.contents("HEAD", ["b", odd, lost, "c", "gone"])
    assert found == {"b": b"b\n", odd: b"odd\n", lost: None, "c": b"c\n", "gone": None}
