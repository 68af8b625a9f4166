"""The commands of README.md and docs/ that are not run here, each with the reason, by page."""

from __future__ import annotations

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
    "it has Flux's command line wait for source-controller, which tests/e2e cannot build": (
        (
            "docs/bootstrap.md",
            "flux --context prod -n flux-system reconcile kustomization flux-system --with-source",
        ),
    ),
    "its three dots stand for the options of the command before: tests/e2e/test_layouts.py resumes so": (
        ("docs/bootstrap.md", "gitops-secrets bootstrap ... --resume --context prod"),
    ),
    "it goes on when a cluster has the new credential: tests/e2e/test_rotate.py does with Flux's own controller": (
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
    "it is an example of what the guard finds, and no command to type": (
        ("docs/rules.md", "docker login -u robot -p 8sZk... ghcr.io"),
    ),
}
"""Why they are not run, and their pages and texts."""
