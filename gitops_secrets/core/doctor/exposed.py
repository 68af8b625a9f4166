"""Pull Secrets that Flux applies as they stand in Git, where everybody who reads the repository has their credentials."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.flux.follow import Applied, target_namespaces
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.guard.engine import judge_blob
from gitops_secrets.core.guard.judge.policy import BASELINE_FILE, SETTINGS_FILE, Policy
from gitops_secrets.core.guard.record.finding import Finding, ObjectName
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.sops.rules.creation import recorded_recipient
from gitops_secrets.errors import InvalidDocumentError

_RULE = "plaintext-dockerconfigjson"
_MENTIONED = b"dockerc"
"""Stands in the type of a pull Secret, and in the name of its value."""


class Exposed(NamedTuple):
    """A pull Secret that is not encrypted."""

    cluster: Cluster
    object: ObjectName
    """In the namespace that it ends up in."""
    path: str
    line: int
    applied: str
    """The place of the Kustomization that applies it."""
    fix: str
    """The command that encrypts it, or has to come before that."""

    @property
    def place(self) -> str:
        """Where its value stands."""
        return f"{self.path}:{self.line}"

    @property
    def words(self) -> str:
        """What there is, as a sentence says it."""
        return (
            f"{self.object} is not encrypted: everybody who reads {self.path} has its registry credentials, "
            "and the history keeps them"
        )


def exposed(view: View, now: dt.datetime) -> tuple[Exposed, ...]:
    """Return the readable pull Secrets that the clusters apply, as the guard finds them, each file for its first cluster.

    What the repository's settings, markers and baseline except is left out; an entry of the baseline counts until
    its day, whatever became of the value.
    """
    found: dict[tuple[str, int], Exposed] = {}
    policy = _policy(view, now)
    for applied in view.applied:
        for path in applied.reach.files:
            if path not in view.encrypted and _MENTIONED in (view.tree.read(path) or b""):
                for one in _of_file(view, applied, path, policy):
                    found.setdefault((path, one.line), one)
    return tuple(found.values())


def _of_file(view: View, applied: Applied, path: str, policy: Policy) -> Iterator[Exposed]:
    fetched = view.fetched(applied.cluster)
    for finding in _findings(path, view.tree.read(path) or b"", policy):
        name = finding.object_name
        if finding.rule == _RULE and name is not None:
            namespaces = target_namespaces(applied, fetched, path, name.namespace)
            for namespace in [*namespaces][:1]:
                ends = name._replace(namespace=namespace)
                line = finding.position.line
                fix = _fix(view, applied.cluster, finding)
                yield Exposed(applied.cluster, ends, path, line, applied.place, fix)


def _fix(view: View, cluster: Cluster, finding: Finding) -> str:
    """Return the command that encrypts what *finding* is about; the one that gives *cluster* a key where it has none."""
    has_key = recorded_recipient(view.rules, cluster) or view.rule_for(finding.path)
    return finding.fix if has_key else bootstrap_of(view, cluster)


def _findings(path: str, content: bytes, policy: Policy) -> tuple[Finding, ...]:
    try:
        return judge_blob(path, content, policy, unchanged=lambda *_: True).findings
    except InvalidDocumentError:
        # What cannot be read, excepts nothing.
        return judge_blob(path, content, Policy()).findings


def _policy(view: View, now: dt.datetime) -> Policy:
    configs = {
        path: view.tree.read(path) or b""
        for path in view.tree.files()
        if path.rpartition("/")[2] == CONFIG
    }
    baseline, settings = view.tree.read(BASELINE_FILE), view.tree.read(SETTINGS_FILE)
    return Policy(configs, baseline, now.date(), settings)
