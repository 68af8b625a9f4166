"""The registries of a command line: what follows a --registry belongs to it."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from gitops_secrets.cli.printing.exposed import warn_if_exposed
from gitops_secrets.cli.printing.progress import clear
from gitops_secrets.cli.printing.say import say
from gitops_secrets.errors import UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.sources import Source
    from gitops_secrets.core.registry.reference import Registry

_SOURCES = {
    "registry_creds_stdin": "--registry-creds-stdin",
    "registry_creds_file": "--registry-creds-file",
    "registry_creds_env": "--registry-creds-env",
    "registry_creds_docker_config": "--registry-creds-docker-config",
    "registry_creds": "--registry-creds",
}


ORDERED = "gitops_secrets.ordered"
"""Where in a context's meta a GroupedCommand keeps its options as they were given."""


class Given(NamedTuple):
    """One option of the command line, as written."""

    name: str
    """The name of its parameter."""
    value: str
    """Empty for a flag."""


class GroupedCommand(click.Command):
    """A command that also keeps the order of its options, by which each --registry has its group."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, and keep the options in their order in ``ctx.meta[ORDERED]``."""
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        taken = Counter[str]()
        given = []
        for parameter in order:
            name = parameter.name or ""
            value = values[name]
            if isinstance(value, list):
                value = value[taken[name]]
                taken[name] += 1
            given.append(Given(name, "" if isinstance(value, bool) else str(value)))
        ctx.meta[ORDERED] = tuple(given)
        return super().parse_args(ctx, args)


class Group:
    """One --registry and what follows it, as written."""

    def __init__(self, registry: str | None) -> None:
        self.registry = registry
        self.scope: str | None = None
        """None if it is not said: then it is the host."""
        self.source: Given | None = None

    def set_source(self, source: Given) -> None:
        """Have *source* give the credentials. Raises UsageError for a second one."""
        if self.source is not None:
            where = f"--registry {self.registry}" if self.registry else "no --registry"
            raise UsageError(
                f"{_SOURCES[source.name]} is a second credential source after {where}",
                "put a --registry before it",
            )
        self.source = source


def read_groups(ordered: Sequence[Given]) -> list[Group]:
    """Return the registry groups in the order of the command line."""
    groups: list[Group] = []
    for option in ordered:
        if option.name == "registry":
            if groups and groups[0].registry is None:
                raise UsageError(
                    f"{_SOURCES[groups[0].source.name] if groups[0].source else '--scope'} comes "
                    "before the first --registry",
                    "put each credential source after its --registry",
                )
            groups.append(Group(option.value))
        elif option.name == "scope" or option.name in _SOURCES:
            if not groups:
                groups.append(Group(None))
            if option.name == "scope":
                groups[-1].scope = option.value
            else:
                groups[-1].set_source(option)
    if sum(g.source is not None and g.source.name == "registry_creds_stdin" for g in groups) > 1:
        raise UsageError(
            "--registry-creds-stdin can be used only once",
            "for the others: --registry-creds-file FILE or --registry-creds-env NAME",
        )
    return groups


def credential_sources(
    groups: Sequence[Group], *, short_lived: bool
) -> list[tuple[Registry | None, Source]]:
    """Return each registry with its credential source, which is a prompt if none is given.

    Without *short_lived* they refuse tokens that expire within days. Raises UsageError if there is no terminal to ask on.
    """
    from gitops_secrets.commands.registry import sources as credentials
    from gitops_secrets.core.registry.reference import parse_registry

    makers: dict[str, Callable[[str], Source]] = {
        "registry_creds_stdin": lambda _: credentials.standard_input(),
        "registry_creds_file": _file,
        "registry_creds_env": credentials.Variables().source,
        "registry_creds_docker_config": _docker_config,
        "registry_creds": _argument,
    }
    found: list[tuple[Registry | None, Source]] = []
    for group in groups or [Group(None)]:
        registry = None
        if group.registry is not None:
            registry = parse_registry(group.registry, keep_path=group.scope == "path")
            if group.scope is None and _is_cut(group.registry, registry):
                say(
                    "note",
                    f"the key in the Secret is {registry.key}, without the path: --scope path keeps it, "
                    "--scope host leaves it out without this note",
                )
        given = group.source
        source = makers[given.name](given.value) if given else _prompt(registry)
        found.append((registry, source if short_lived else credentials.lasting(source)))
    return found


def _is_cut(value: str, registry: Registry) -> bool:
    """Return whether *registry* lacks the path that *value* has."""
    from gitops_secrets.core.registry.reference import parse_registry

    try:
        return parse_registry(value, keep_path=True) != registry
    except UsageError:
        return True


def _file(value: str) -> Source:
    from gitops_secrets.commands.registry.sources import file

    warn_if_exposed(Path(value))
    return file(Path(value))


def _docker_config(value: str) -> Source:
    from gitops_secrets.commands.registry.sources import docker_config

    warn_if_exposed(Path(value))
    return docker_config(Path(value))


def _argument(value: str) -> Source:
    from gitops_secrets.commands.registry.sources import argument

    say(
        "warning",
        "process lists and the shell history show --registry-creds, "
        "but not --registry-creds-stdin, -file and -env",
    )
    return argument(value)


def _prompt(registry: Registry | None) -> Source:
    from gitops_secrets.commands.registry.sources import prompt

    if not sys.stdin.isatty():
        whose, where = "", ""
        if registry is not None:
            whose, where = f" for {registry.key}", f" after --registry {registry.host}"
        raise UsageError(
            f"no credentials are given{whose}, and there is no terminal to ask for them",
            "pass --registry-creds-stdin, --registry-creds-file FILE or --registry-creds-env NAME"
            f"{where}",
        )

    def ask(question: str, hidden: bool) -> str:
        clear()
        return str(click.prompt(question, hide_input=hidden, err=True))

    return prompt(ask)


def resumed(
    called: str, command: click.Command, ordered: Sequence[Given], *, sources: bool = True
) -> str:
    """Return the same command line of the command *called* with --resume, and without a password.

    Without *sources* it names no source of credentials either.
    """
    left_out = {"resume", "reactivate", "dry_run", "branch", *(() if sources else _SOURCES)}
    flags = {p.name: (p.opts[0], getattr(p, "is_flag", False)) for p in command.params}
    words = ["gitops-secrets", *called.split()]
    for name, value in ordered:
        if name in left_out:
            continue
        flag, is_flag = flags[name]
        words.append(flag)
        if not is_flag:
            words.append("USER:PASSWORD" if name == "registry_creds" else value)
    return shlex.join([*words, "--resume"])
