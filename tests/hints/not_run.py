"""The hints that no situation follows, each with the reason."""

from __future__ import annotations

NOT_RUN = {
    "it is for a person at a terminal, in an editor or before a question": (
        "--context NAME",
        "EDITOR=nano gitops-secrets edit FILE",
        "gitops-secrets verify --fix --dry-run",
        "gitops-secrets edit {}",
        "sops edit {}",
        "git rebase --interactive --rebase-merges {}~1",
        "read -rs REGISTRY_CREDS && export REGISTRY_CREDS",
    ),
    "the fault comes from outside: a hook, another process, a disk, another user, a sops that is no program": (
        "git rev-parse --git-path hooks",
        "git check-ignore --verbose --no-index {}",
        "git diff -- {}",
        "git push --dry-run {}",
        "git config --global --add safe.directory {}",
        "TMPDIR=FOLDER gitops-secrets scan --history --no-cache",
        "chmod a+x {}",
    ),
    "tests/hostile/test_objects.py and test_told_paths.py follow it": (
        "git cat-file blob {}",
        "git {} | grep {}",
    ),
    "it is the next look only: what is wrong stays, and is told there": ("gitops-secrets doctor",),
    "it is printed as a note, which tests/cli/test_doctor_images.py has": (
        "gitops-secrets bootstrap --path {} --image-pull-secret regcred --registry {}{}{}",
    ),
    "it encrypts with a key manager, or a file that is no manifest, for which sops itself is asked": (
        "sops encrypt --in-place {} && gitops-secrets scan {}",
        "sops encrypt --in-place {path} && git add {path}",
    ),
}
"""Why they are not run, and their texts as the inventory has them."""
