"""A docker config itself: config.json, auth.json, .dockercfg, or one within another file."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import UNTRACK, Rule

RULE = Rule("docker-config", "{object} holds a docker config with readable credentials", UNTRACK)
