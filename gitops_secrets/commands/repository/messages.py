"""The message of a commit: ours or the user's, as the repository has its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.adapters.files import read_plain

if TYPE_CHECKING:
    from gitops_secrets.adapters.git.repository import Repository


class CommitMessage(NamedTuple):
    """What the user says of the commit's message."""

    text: str | None = None
    """All of it but the trailers; None for ours."""
    prefix: str | None = None
    """What the first line begins with; None for what the repository's settings say."""
    trailers: tuple[tuple[str, str], ...] = ()
    """They go ahead of the repository's own of the same key."""

    @property
    def words(self) -> tuple[str, ...]:
        """All that the user wrote."""
        return (self.text or "", self.prefix or "", *(value for _, value in self.trailers))

    def over(self, ours: str, repository: Repository) -> str:
        """Return the whole message, *ours* where the user gives none.

        Raises InvalidDocumentError if the settings of *repository* cannot be read.
        """
        from gitops_secrets.core.guard.judge.policy import SETTINGS_FILE

        content = read_plain(repository.top, SETTINGS_FILE)
        prefix, trailers = self.prefix or "", self.trailers
        if content is not None:
            from gitops_secrets.core.guard.judge.settings import parse_style

            style = parse_style(content, SETTINGS_FILE)
            given = {key.lower() for key, _ in trailers}
            trailers += tuple(one for one in style.trailers if one[0].lower() not in given)
            prefix = style.prefix if self.prefix is None else self.prefix
        text = (self.text or ours).strip()
        if prefix and text.startswith(prefix):
            prefix = ""
        lines = "".join(f"{key}: {value}\n" for key, value in trailers)
        return f"{prefix}{text}\n" + (f"\n{lines}" if lines else "")
