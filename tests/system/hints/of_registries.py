"""Hints of registry check and registry update, where a real registry answers."""

from __future__ import annotations

from tests.hints.situation import Situation
from tests.system.hints.bases import REGISTRY, running
from tests.system.hints.site import Site


def untrusted(site: Site) -> None:
    """A machine that does not know the CA of the registry."""
    running(site)
    del site.env["SSL_CERT_FILE"]


SITUATIONS = (
    Situation[Site](
        "a credential that the registry refuses",
        running,
        f"gitops-secrets registry update {REGISTRY} --registry-creds-env WRONG_CREDS",
        "--check never",
        status=3,
    ),
    Situation(
        "a file without a certificate",
        untrusted,
        f"gitops-secrets registry check {REGISTRY} --ca-file README.md",
        "--ca-file CA.pem",
        status=3,
        fill={"CA.pem": "~/ca.pem"},
        says=" proven ",
    ),
)
