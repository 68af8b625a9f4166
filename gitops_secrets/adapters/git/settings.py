"""What every git that is started here is told, and why: one table of settings, one of variables.

Git runs much that a repository's own configuration names, and a folder from an archive brings that
configuration with it. A git that only answers a question runs nothing and contacts nothing. One that
writes or pushes does what the user's own git would: hooks, filters, signing and transport are theirs.

Settings go through the environment (GIT_CONFIG_COUNT of git-config(1)): it outranks every file, and the
command lines that -v shows stay readable.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WRITING = frozenset({"add", "commit", "push", "ls-remote"})
"""The commands that make a commit or contact a remote, on the user's own word.

All others ask, or take back what we did ourselves, beside which no hook runs either.
"""

Row = tuple[str, str, str]
"""A name, its value, and the reason."""

ALWAYS: tuple[Row, ...] = (
    (
        "core.fsmonitor",
        "false",
        "names a program, or starts a daemon that would outlive us and keep our lock",
    ),
    ("gc.auto", "0", "starts a process that outlives us and keeps our lock"),
    ("maintenance.auto", "false", "as gc.auto"),
    (
        "submodule.recurse",
        "false",
        "a submodule has a configuration of its own, which these settings do not reach",
    ),
)
"""Settings of every git."""

ASKING: tuple[Row, ...] = (
    (
        "safe.bareRepository",
        "explicit",
        "a clone may hold what Git takes for a bare repository, configuration and all (since 2.38)",
    ),
    (
        "core.hooksPath",
        os.devnull,
        "post-index-change and others run beside a question too (githooks(5))",
    ),
    (
        "diff.ignoreSubmodules",
        "all",
        "Git asks a submodule by a git of its own, which these settings do not reach",
    ),
    (
        "core.commitGraph",
        "false",
        "a file beside the objects, which says what parents a commit has: a forged one hides commits",
    ),
    (
        "log.showSignature",
        "false",
        "checks signatures beside another question, with a program that is named",
    ),
    ("core.sshCommand", "false", "names a program, should anything be contacted after all"),
    ("core.askPass", "true", "as core.sshCommand"),
    ("core.alternateRefsCommand", "true", "as core.sshCommand"),
    (
        "credential.helper",
        "",
        "as core.sshCommand; an empty value takes all back (gitcredentials(7))",
    ),
)
"""Settings of a git that only asks."""

VARIABLES: tuple[Row, ...] = (
    (
        "GIT_OPTIONAL_LOCKS",
        "0",
        "a question takes no lock: one that is killed would leave it behind",
    ),
    (
        "LANGUAGE",
        "C",
        "what Git says is told apart by its words: English ones, in the user's charset",
    ),
)
"""Variables of every git."""

ASKING_VARIABLES: tuple[Row, ...] = (
    (
        "GIT_NO_LAZY_FETCH",
        "1",
        "a partial clone fetches what it lacks from a remote that its configuration names",
    ),
    (
        "GIT_ALLOW_PROTOCOL",
        "none",
        "as GIT_NO_LAZY_FETCH, for Git before 2.45; it outranks protocol.allow",
    ),
    (
        "GIT_NO_REPLACE_OBJECTS",
        "1",
        "a content is judged that its name means, not one put in its place",
    ),
    (
        "GIT_GRAFT_FILE",
        os.path.join(os.devnull, "none"),
        "grafts give commits other parents, and so hide commits; a file that cannot be is one without a warning",
    ),
    ("GIT_TERMINAL_PROMPT", "0", "a question asks nobody for a password"),
)
"""Variables of a git that only asks."""

REDIRECTING = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
        *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS"),
        "GIT_ICASE_PATHSPECS",
    }
)
"""What Git exports to its hooks, and what would lead it to another repository or index than the one that is named."""

_DROPPED = frozenset(
    {
        *("GIT_EXTERNAL_DIFF", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_ASKPASS"),
        *("SSH_ASKPASS", "GIT_PAGER", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_ATTR_SOURCE"),
        "GIT_SHALLOW_FILE",
    }
)
"""Variables that name programs, or change what a question is answered; also all of GIT_TRACE*."""


SIGNING_PROGRAMS: tuple[Row, ...] = (
    ("gpg.openpgp.program", "gpg", "checks OpenPGP signatures"),
    ("gpg.program", "gpg", "an older name of gpg.openpgp.program, of which the last counts"),
    ("gpg.x509.program", "gpgsm", "checks X.509 signatures"),
    ("gpg.ssh.program", "ssh-keygen", "checks SSH signatures"),
)
"""What a git that checks signatures starts, unless the user's own configuration names another program.

A repository's configuration names none: it is set aside, as these settings outrank it.
"""


def environment_of(
    environ: Mapping[str, str],
    folder: str | None,
    *,
    asks: bool = True,
    hooks: bool = False,
    filters: Iterable[str] = (),
    more: Iterable[tuple[str, str]] = (),
) -> dict[str, str]:
    """Return the environment of a git in *folder*, or, if that is None, where the process stands.

    Without *asks* it is one of WRITING. With *hooks* it is asked where the user's hooks are. *filters*
    are those that it must not run. *more* are settings that this git needs besides.
    """
    env = {
        k: v
        for k, v in environ.items()
        if not (asks and (k in _DROPPED or k.startswith("GIT_TRACE")))
        and not (folder is not None and k in REDIRECTING)
    }
    rows = (*VARIABLES, *ASKING_VARIABLES) if asks else VARIABLES
    env.update((name, value) for name, value, _ in rows)
    settings = [(name, value) for name, value, _ in ((*ALWAYS, *ASKING) if asks else ALWAYS)]
    if hooks:
        settings = [(name, value) for name, value in settings if name != "core.hooksPath"]
    for name in filters:
        # A driver without a command passes content through (gitattributes(5)).
        settings += [(f"filter.{name}.{key}", "") for key in ("clean", "smudge", "process")]
        settings.append((f"filter.{name}.required", "false"))
    settings += more
    _configure(env, settings)
    if asks and "GIT_DIR" not in env:
        bare = _bare_repository(folder or ".")
        if bare is not None:
            env["GIT_DIR"] = bare
    return env


def _configure(env: dict[str, str], settings: list[tuple[str, str]]) -> None:
    """Add *settings* to those that *env* has already; of two equal ones the last counts."""
    given = env.get("GIT_CONFIG_COUNT", "")
    count = int(given) if given.isdecimal() else 0
    for number, (name, value) in enumerate(settings, count):
        env[f"GIT_CONFIG_KEY_{number}"] = name
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    env["GIT_CONFIG_COUNT"] = str(count + len(settings))


def _bare_repository(folder: str) -> str | None:
    """Return *folder* as the bare repository that it is, None if it is none or lies in a work tree.

    A server's repository may be asked in without naming it. One that a clone holds may not.
    """
    if not os.path.isfile(os.path.join(folder, "HEAD")):
        return None
    if not all(os.path.isdir(os.path.join(folder, name)) for name in ("objects", "refs")):
        return None
    here = os.path.realpath(folder)
    above = here
    while True:
        if os.path.lexists(os.path.join(above, ".git")):
            return None
        if above == os.path.dirname(above):
            return here
        above = os.path.dirname(above)
