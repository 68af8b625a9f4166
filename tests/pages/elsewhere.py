"""The commands of README.md and docs/ that other tests run exactly as printed, by the file of the test."""

from __future__ import annotations

_APPLY = "gitops-secrets apply --path clusters/prod --context prod"
_ROTATE = "gitops-secrets registry rotate --registry"

ELSEWHERE = {
    "tests/e2e/test_page_commands.py": (
        ("docs/apply.md", _APPLY),
        ("docs/apply.md", f"{_APPLY} --dry-run"),
        ("docs/apply.md", f"{_APPLY} --prune"),
        ("docs/attach.md", "kubectl --context prod --namespace team-a edit serviceaccount default"),
        ("docs/attach.md", f"{_APPLY} --prune"),
        ("docs/bootstrap.md", _APPLY),
        ("docs/doctor.md", "gitops-secrets doctor --context prod"),
        ("docs/flux-plugin.md", "flux plugin list"),
    ),
    "tests/system/test_page_commands.py": (
        ("docs/registries.md", "gitops-secrets registry check --all"),
        (
            "docs/registries.md",
            "gitops-secrets registry check --all registry.example.com:5000/team/web:1.4",
        ),
        (
            "docs/rotation.md",
            f"{_ROTATE} registry.example.com:5000 --exec 'mint-robot --project team' --push",
        ),
        ("docs/verify.md", "gitops-secrets verify --require-signed --range origin/main..HEAD"),
    ),
}
"""They need what a Python package does not have: a cluster, Flux's command line, a registry, ssh-keygen."""
