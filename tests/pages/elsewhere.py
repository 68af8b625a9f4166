"""The commands of README.md and docs/ that other tests run exactly as printed, by the file of the test."""

from __future__ import annotations

_APPLY = "gitops-secrets apply --path clusters/prod --context prod"
_ROTATE = "gitops-secrets registry rotate --registry"
_PORT = f"{_ROTATE} registry.example.com:5000"
_EXEC = f"{_PORT} --exec 'mint-robot --project team'"
_HARBOR = "--provider harbor --endpoint https://registry.example.com:5000/team"
_NIGHTLY = (
    f"14d --revoke-after 7d {_HARBOR} --minting-creds-env MINTING_CREDS "
    '--age-identity-file "$AGE_IDENTITY_FILE" --push --context prod'
)

ELSEWHERE = {
    "tests/e2e/test_page_commands.py": (
        ("docs/apply.md", _APPLY),
        ("docs/apply.md", f"{_APPLY} --dry-run"),
        ("docs/apply.md", f"{_APPLY} --prune"),
        ("docs/attach.md", "kubectl --context prod --namespace team-a edit serviceaccount default"),
        ("docs/attach.md", f"{_APPLY} --prune"),
        ("docs/bootstrap.md", _APPLY),
        (
            "docs/bootstrap.md",
            "flux --context prod -n flux-system reconcile kustomization flux-system --with-source",
        ),
        ("docs/bootstrap.md", "gitops-secrets bootstrap ... --resume --context prod"),
        ("docs/doctor.md", "gitops-secrets doctor --context prod"),
        ("docs/flux-plugin.md", "flux plugin list"),
    ),
    "tests/e2e/test_page_rotations.py": (
        ("docs/rotation.md", f"{_EXEC} --resume --context prod"),
        ("docs/rotation.md", f"{_PORT} {_HARBOR} --minting-creds-env MINTING_CREDS --reactivate"),
        ("docs/rotation.md", f"{_PORT} --due {_NIGHTLY}"),
        (
            "docs/rotation.md",
            f"{_ROTATE} git.example.com --provider gitea --minting-creds-env MINTING_CREDS --push",
        ),
    ),
    "tests/system/hints/of_installing.py": (("docs/ci.md", "pipx install gitops-secrets"),),
    "tests/system/test_installing.py": (
        ("README.md", "pipx install 'gitops-secrets[all]'"),
        ("docs/ci.md", "pipx install 'gitops-secrets[cli]'"),
        ("docs/rotation.md", "pipx install 'gitops-secrets[all]'"),
    ),
    "tests/system/test_page_commands.py": (
        ("docs/registries.md", "gitops-secrets registry check --all"),
        (
            "docs/registries.md",
            "gitops-secrets registry check --all registry.example.com:5000/team/web:1.4",
        ),
        ("docs/rotation.md", f"{_EXEC} --push"),
        ("docs/verify.md", "gitops-secrets verify --require-signed --range origin/main..HEAD"),
    ),
}
"""They need what a Python package does not have: a cluster, Flux's command line, a registry, ssh-keygen."""
