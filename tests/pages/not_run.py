"""The commands of README.md and docs/ that are not run here, each with the reason, by page."""

from __future__ import annotations

_APPLY = "gitops-secrets apply --path clusters/prod --context prod"
_ROTATE = "gitops-secrets registry rotate --registry"
_HARBOR = "--provider harbor --endpoint https://registry.example.com:5000/team"
_NIGHTLY = (
    f"14d --revoke-after 7d {_HARBOR} --minting-creds-env MINTING_CREDS "
    '--age-identity-file "$AGE_IDENTITY_FILE" --push --context prod'
)
_EXEC = f"{_ROTATE} registry.example.com:5000 --exec 'mint-robot --project team'"

NOT_RUN = {
    "it runs the tests or the demonstration of a clone of this project, as .ci/run does": (
        ("README.md", "make demo"),
        ("README.md", "make test"),
    ),
    "it installs from a package registry": (
        ("README.md", "pipx install 'gitops-secrets[all]'"),
        ("docs/ci.md", "pipx install gitops-secrets"),
        ("docs/ci.md", "pipx install 'gitops-secrets[cli]'"),
        ("docs/rotation.md", "pipx install 'gitops-secrets[all]'"),
    ),
    "it asks a cluster: tests/e2e runs apply, doctor --context and Flux against a real API server": (
        ("docs/apply.md", _APPLY),
        ("docs/apply.md", f"{_APPLY} --dry-run"),
        ("docs/apply.md", f"{_APPLY} --prune"),
        ("docs/attach.md", f"{_APPLY} --prune"),
        ("docs/bootstrap.md", _APPLY),
        (
            "docs/bootstrap.md",
            "flux --context prod -n flux-system reconcile kustomization flux-system --with-source",
        ),
        ("docs/bootstrap.md", "gitops-secrets bootstrap ... --resume --context prod"),
        ("docs/doctor.md", "gitops-secrets doctor --context prod"),
    ),
    "it opens a person's editor on an object of a cluster": (
        ("docs/attach.md", "kubectl --context prod --namespace team-a edit serviceaccount default"),
    ),
    "it is of Flux's own command line, which tests/e2e/test_flux_cli.py builds": (
        ("docs/flux-plugin.md", "flux plugin list"),
    ),
    "it asks a registry: tests/system checks and rotates with Debian's": (
        ("docs/registries.md", "gitops-secrets registry check --all"),
        (
            "docs/registries.md",
            "gitops-secrets registry check registry.example.com:5000/team/web:1.4",
        ),
        ("docs/rotation.md", f"{_EXEC} --push"),
        ("docs/rotation.md", f"{_EXEC} --resume --context prod"),
    ),
    "it asks a vendor's API that mints: tests/system has a stand-in of Harbor's, tests/e2e the real Gitea": (
        (
            "docs/rotation.md",
            f"{_ROTATE} registry.example.com:5000 {_HARBOR} --minting-creds-env MINTING_CREDS --reactivate",
        ),
        (
            "docs/rotation.md",
            f"{_ROTATE} git.example.com --provider gitea --minting-creds-env MINTING_CREDS --push",
        ),
    ),
    "it asks a vendor's API every night: tests/system/test_scheduled_rotation.py runs such a schedule": (
        ("docs/rotation.md", f"{_ROTATE} registry.example.com:5000 --due {_NIGHTLY}"),
    ),
    "it has gpg or ssh-keygen check signatures: tests/system/test_signed_ssh.py does": (
        ("docs/verify.md", "gitops-secrets verify --require-signed --range origin/main..HEAD"),
    ),
    "it is an example of what the guard finds, and no command to type": (
        ("docs/rules.md", "docker login -u robot -p 8sZk... ghcr.io"),
    ),
}
"""Why they are not run, and their pages and texts."""
