"""All situations."""

from __future__ import annotations

from tests.hints import (
    of_findings,
    of_fixing,
    of_more,
    of_namespaces,
    of_repositories,
    of_secrets,
    of_usage,
)

TABLE = (
    *of_usage.SITUATIONS,
    *of_repositories.SITUATIONS,
    *of_secrets.SITUATIONS,
    *of_findings.SITUATIONS,
    *of_fixing.SITUATIONS,
    *of_more.SITUATIONS,
    *of_namespaces.SITUATIONS,
)
