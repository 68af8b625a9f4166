"""Pull Secrets that Flux applies as they stand in Git, where everybody who reads the repository has their credentials."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
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
_RULE_OF_FILES = "docker-config"
_VALUE = re.compile(rb"\.dockerc(?:fg|onfigjson)[\"']?\s*:")
"""The name of a pull Secret's value. Every file is asked, and Flux's own manifests mention the type."""


class Exposed(NamedTuple):
    """A pull Secret that is not encrypted."""

    cluster: Cluster
    object: ObjectName | None
    """In the namespace that it ends up in; None for a docker config of which a generator makes it."""
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
        what = str(self.object or "the docker config of a secretGenerator")
        return (
            f"{what} is not encrypted: everybody who reads {self.path} has its registry credentials, "
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
        for path in (*applied.reach.files, *applied.reach.inputs):
            content = view.tree.read(path) or b""
            is_input = path in applied.reach.inputs
            is_worth_it = (is_input and b"auths" in content) or _VALUE.search(content) is not None
            if is_worth_it and path not in view.encrypted:
                for one in _of_file(view, applied, path, _findings(path, content, policy)):
                    found.setdefault((path, one.line), one)
    return tuple(found.values())


def _of_file(
    view: View, applied: Applied, path: str, findings: Iterable[Finding]
) -> Iterator[Exposed]:
    cluster, is_input = applied.cluster, path in applied.reach.inputs
    for finding in findings:
        name, line = finding.object_name, finding.position.line
        if finding.rule == _RULE and name is not None:
            namespaces = target_namespaces(applied, view.fetched(cluster), path, name.namespace)
            ends = name._replace(namespace=next(iter(namespaces)))
            yield Exposed(cluster, ends, path, line, applied.place, _fix(view, cluster, finding))
        elif finding.rule == _RULE_OF_FILES and is_input:
            yield Exposed(cluster, None, path, line, applied.place, bootstrap_of(view, cluster))


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
