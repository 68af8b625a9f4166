"""A bootstrap that has to be refused, and leaves no trace."""

from __future__ import annotations

from gitops_secrets.adapters.age import create_identity
from tests.support.user import Result, User

PASSWORD = "hunter2hunter2"
CREDS = f"robot:{PASSWORD}"


def refused(
    user: User, *flags: str, says: str, status: int = 3, creds: str = CREDS, **env: str
) -> Result:
    """Bootstrap, and see that it is refused with these words, that nothing changed, nothing leaked."""
    before = user.state()
    result = user.bootstrap(*flags, creds=creds, **env)
    assert says in result.stderr, result.stderr
    assert result.status == status
    assert user.state() == before
    assert result.stderr.startswith("gitops-secrets: error: ")
    assert PASSWORD not in result.printed
    return result


def mistyped_recipient() -> str:
    """An age recipient whose last letter is another."""
    good = create_identity().recipient
    return good[:-1] + ("q" if good[-1] != "q" else "p")
