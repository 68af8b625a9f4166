"""The registries of a command line: each --registry opens a group, and what follows it is its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gitops_secrets.cli.say import say
from gitops_secrets.errors import UsageError

_SOURCES = {
    "registry_creds_stdin": "--registry-creds-stdin",
    "registry_creds_file": "--registry-creds-file",
    "registry_creds_env": "--registry-creds-env",
    "registry_creds_docker_config": "--registry-creds-docker-config",
    "registry_creds": "--registry-creds",
}


class GroupedCommand(click.Command):
    """A command that also keeps the order of its options, by which each --registry has its group."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, and keep (parameter name, value) pairs in ``ctx.meta["ordered"]``."""
        if args:
            values, _, order = self.make_parser(ctx).parse_args(list(args))
            seen: dict[str, int] = {}
            ordered: list[tuple[str, Any]] = []
            for parameter in order:
                name = parameter.name or ""
                value = values.get(name)
                if isinstance(value, list):
                    value = value[seen.setdefault(name, 0)]
                    seen[name] += 1
                ordered.append((name, value))
            ctx.meta["ordered"] = ordered
        return super().parse_args(ctx, args)


class Group:
    """One --registry and what follows it, as written."""

    def __init__(self, registry: str | None) -> None:
        self.registry = registry
        self.scope = "host"
        self.source: tuple[str, Any] | None = None

    def set_source(self, name: str, value: Any) -> None:
        if self.source is not None:
            where = f"--registry {self.registry}" if self.registry else "no --registry"
            raise UsageError(
                f"{_SOURCES[name]} is a second credential source behind {where}",
                "open its group with a --registry of its own",
            )
        self.source = name, value


def read_groups(ordered: Sequence[tuple[str, Any]]) -> list[Group]:
    """Return the registry groups in the order of the command line."""
    groups: list[Group] = []
    for name, value in ordered:
        if name == "registry":
            if groups and groups[0].registry is None:
                raise UsageError(
                    f"{_SOURCES[groups[0].source[0]] if groups[0].source else '--scope'} stands "
                    "before the first --registry",
                    "put each credential source behind the --registry that it is for",
                )
            groups.append(Group(value))
        elif name == "scope" or name in _SOURCES:
            if not groups:
                groups.append(Group(None))
            if name == "scope":
                groups[-1].scope = value
            else:
                groups[-1].set_source(name, value)
    if sum(g.source == ("registry_creds_stdin", True) for g in groups) > 1:
        raise UsageError(
            "--registry-creds-stdin serves one registry", "give the others by file or variable"
        )
    return groups


def credential_sources(groups: Sequence[Group]) -> list[tuple[Any, Any]]:
    from gitops_secrets.commands.registry import sources as credentials
    from gitops_secrets.core.registry.reference import parse_registry

    makers: dict[str, Any] = {
        "registry_creds_stdin": lambda _: credentials.standard_input(),
        "registry_creds_file": lambda value: credentials.file(Path(value)),
        "registry_creds_env": credentials.Variables().source,
        "registry_creds_docker_config": lambda value: credentials.docker_config(Path(value)),
        "registry_creds": _argument,
    }
    found = []
    for group in groups or [Group(None)]:
        registry = None
        if group.registry is not None:
            registry = parse_registry(group.registry, keep_path=group.scope == "path")
        name, value = group.source or ("", None)
        found.append((registry, makers[name](value) if name else _prompt(registry)))
    return found


def _argument(value: str) -> Any:
    from gitops_secrets.commands.registry.sources import argument

    say(
        "warning",
        "--registry-creds is seen by process lists and the shell's history; "
        "--registry-creds-stdin, -file and -env are not",
    )
    return argument(value)


def _prompt(registry: Any) -> Any:
    from gitops_secrets.commands.registry.sources import prompt

    if not sys.stdin.isatty():
        whose, where = "", ""
        if registry is not None:
            whose, where = f" for {registry.key}", f" behind --registry {registry.host}"
        raise UsageError(
            f"no credentials are given{whose}, and there is no terminal to ask for them",
            "pass --registry-creds-stdin, --registry-creds-file FILE or --registry-creds-env NAME"
            f"{where}",
        )
    return prompt(lambda question, hidden: str(click.prompt(question, hide_input=hidden, err=True)))


def resumed(command: click.Command, ordered: Sequence[tuple[str, Any]]) -> str:
    """Return the same command line with --resume, and without the password that may stand in it."""
    flags = {p.name: (p.opts[0], getattr(p, "is_flag", False)) for p in command.params}
    words = ["gitops-secrets", "bootstrap"]
    for name, value in ordered:
        flag, is_flag = flags[name]
        if is_flag and value:
            words.append(flag)
        elif value is not None and not is_flag:
            words += [flag, "USER:PASSWORD" if name == "registry_creds" else str(value)]
    return shlex.join([*words, "--resume"])
