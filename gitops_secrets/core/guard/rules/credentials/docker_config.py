"""A docker config itself: config.json, auth.json, .dockercfg, or one within another file."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import UNTRACK, Rule

RULE = Rule("docker-config", "{object} holds a docker config with readable credentials", UNTRACK)

FIELDS = frozenset(
    {"auth", "password", "identitytoken", "registrytoken", "identity_token", "registry_token"}
)
"""The fields of a docker config that hold a secret, in lower case."""
