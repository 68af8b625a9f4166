"""Hints of what scan, verify and doctor find, and of merges."""

from __future__ import annotations

from gitops_secrets.adapters.sops.binary import find_sops
from tests.hints.bases import (
    FLUX,
    OTHER,
    PATH,
    having,
    opaque,
    ready,
    rule,
    ruled,
    then,
)
from tests.hints.of_secrets import foreign_ciphertext
from tests.hints.situation import Situation
from tests.support.fleet import DECRYPTED, deployments, kustomization, seal
from tests.support.secrets import recipient
from tests.support.user import User

_COMMIT = "git add --all && git commit --quiet --message Change"
_PASSED = "gitops-secrets scan"
_CONFLICT = "stringData.a"
_APPS = "clusters/prod/apps.yaml"


def staged(user: User) -> None:
    """A Secret that a rule is for, staged as it is."""
    ruled(user)
    user.write({"apps/a.yaml": opaque("one", name="a")})
    user.git("add", "--all")


def moved(user: User) -> None:
    """Ciphertext under another name, staged."""
    ruled(user)
    user.write({PATH: user.read(PATH).replace("name: db", "name: other")})
    user.git("add", "--all")


def key_staged(user: User) -> None:
    """The private half of an age key, staged."""
    ruled(user)
    key = next((user.home / ".config/sops/age").iterdir())
    user.write({"keys.txt": key.read_text()})
    user.git("add", "--all")


def without_block(user: User) -> None:
    """An encrypted file that lost its sops block, staged."""
    ruled(user)
    user.write({PATH: user.read(PATH).partition("sops:\n")[0]})
    user.git("add", "--all")


def half_a_block(user: User) -> None:
    """An encrypted file that lost a part of its sops block."""
    ruled(user)
    lines = user.read(PATH).splitlines(keepends=True)
    kept = (line for line in lines if not line.startswith(("  lastmodified:", "  mac:")))
    user.write({PATH: "".join(kept)})


def in_conflict(user: User) -> None:
    """A file that both sides of a merge changed, staged with its markers."""
    ruled(user)
    for branch, value in (("theirs", "three"), ("main", "four")):
        user.git("switch", "--quiet", *(["-c"] if branch == "theirs" else []), branch)
        user.run("edit", PATH, "--key", _CONFLICT, stdin=value.encode())
        user.git("commit", "--quiet", "--all", "--message", branch)
    assert user.program(["git", "merge", "--quiet", "theirs"]).status == 1


def conflict_staged(user: User) -> None:
    """The same, and staged all the same."""
    in_conflict(user)
    user.git("add", "--all")


def changed_since(user: User) -> None:
    """The same conflict, and a value that somebody has set in the file since."""
    in_conflict(user)
    user.git("checkout", "--ours", "--", PATH)
    user.run("edit", PATH, "--key", _CONFLICT, stdin=b"five")


def removed_by_them(user: User) -> None:
    """A file that one side changed and the other removed."""
    ruled(user)
    user.git("switch", "--quiet", "-c", "theirs")
    user.git("rm", "--quiet", PATH)
    user.git("commit", "--quiet", "--message", "theirs")
    user.git("switch", "--quiet", "main")
    user.run("edit", PATH, "--key", _CONFLICT, stdin=b"four")
    user.git("commit", "--quiet", "--all", "--message", "ours")
    assert user.program(["git", "merge", "--quiet", "theirs"]).status == 1


def another_rule(user: User) -> None:
    """A rule that names one reader more than its file has."""
    ruled(user)
    own = next(w for w in user.read(".sops.yaml").split() if w.startswith("age1"))
    user.commit({".sops.yaml": rule(own, OTHER)})


def dotenv(user: User) -> None:
    """The same for a file that is no manifest: identities are where sops itself looks."""
    ruled(user)
    own = next(w for w in user.read(".sops.yaml").split() if w.startswith("age1"))
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own}\n"})
    user.write({"a.env": "A=one\n"})
    assert user.program([find_sops(), "encrypt", "--in-place", "a.env"]).status == 0
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own},{OTHER}\n"})


def readable_beside(user: User) -> None:
    """An encrypted Secret to which somebody added a readable value."""
    applied(user)
    user.write({PATH: user.read(PATH).replace("stringData:\n", "stringData:\n  extra: readable\n")})


def applied(user: User) -> None:
    """An application of the cluster with an encrypted Secret, whose Kustomization decrypts."""
    web = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    having(ready, {_APPS: kustomization("apps", "apps", DECRYPTED), "apps/web.yaml": web})(user)
    seal(user, PATH, opaque("one"))
    user.commit({})


def undecrypted(user: User) -> None:
    """The same, and the Kustomization does not decrypt."""
    applied(user)
    user.commit({_APPS: kustomization("apps", "apps")})


def unused_key(user: User) -> None:
    """Flux's own images come from another registry than that of the pull Secret."""
    ready(user)
    components = user.read(f"{FLUX}/gotk-components.yaml")
    user.commit({f"{FLUX}/gotk-components.yaml": components + deployments("ghcr.io/fluxcd")})
    done = user.run(
        *("registry", "add", "--registry", "ghcr.io", "--registry-creds-env", "CREDS"),
        *("--check", "never"),
        env={"CREDS": "a:b"},
    )
    assert done.status == 0, done.printed


def without_accounts(user: User) -> None:
    """Somebody took the patch of the ServiceAccounts away."""
    ready(user)
    path = f"{FLUX}/kustomization.yaml"
    user.commit({path: user.read(path).partition("patches:")[0]})


def orphan(user: User) -> None:
    """Somebody took the Kustomization of the pull Secrets away."""
    ready(user)
    user.git("rm", "--quiet", "clusters/prod/pull-secrets.yaml")
    user.git("commit", "--quiet", "--message", "Change")


def no_manifest(user: User) -> None:
    """A file of somebody else's tool, encrypted before there was a rule that leaves its values readable."""
    own = recipient(user)
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own}\n"})
    user.write({"talos/env.yaml": "endpoint: 192.0.2.1\n"})
    assert user.program([find_sops(), "encrypt", "--in-place", "talos/env.yaml"]).status == 0
    user.commit({".sops.yaml": rule(own, regex=".*")})


SITUATIONS = (
    Situation(
        "a choice of values for a file that is no manifest",
        no_manifest,
        "gitops-secrets verify",
        "in {}, before that rule, one for {path} with {}: {}",
        status=0,
        by_hand="sed -i \"2i - {path_regex: ^talos/, unencrypted_suffix: _unencrypted, $(grep -o 'age1.*' .sops.yaml | sed 's/^/age: /')}\" .sops.yaml",
    ),
    Situation(
        "a Secret that a rule is for",
        staged,
        _PASSED,
        "gitops-secrets encrypt {path} && git add {path}",
        status=1,
    ),
    Situation(
        "a Secret that a rule is for, in a folder below",
        staged,
        _PASSED,
        "gitops-secrets encrypt {path} && git add {path}",
        status=1,
        below="apps",
    ),
    Situation(
        "a Secret that a rule is for, when it is committed in a folder below",
        then(staged, "gitops-secrets hooks install"),
        "git commit --message Change",
        "gitops-secrets encrypt {path} && git add {path}",
        status=1,
        below="apps",
    ),
    Situation(
        "ciphertext of another object",
        moved,
        _PASSED,
        "gitops-secrets encrypt --ignore-mac {path} && git add {path}",
        status=1,
    ),
    Situation(
        "a private key", key_staged, _PASSED, "git rm --cached --force -- {pathspec}", status=1
    ),
    Situation("no sops block", without_block, _PASSED, "git checkout HEAD -- {pathspec}", status=1),
    Situation(
        "staged markers of a conflict",
        conflict_staged,
        _PASSED,
        "gitops-secrets resolve {path} --ours && git add {path}",
        status=1,
    ),
    Situation(
        "a conflict of one key",
        in_conflict,
        f"gitops-secrets resolve {PATH}",
        "gitops-secrets resolve {} {} --theirs",
        status=1,
        replaces=True,
    ),
    Situation(
        "an editor for a conflict, our side",
        in_conflict,
        f"gitops-secrets resolve {PATH} {_CONFLICT} --edit",
        "{} --ours",
        replaces=True,
    ),
    Situation(
        "an editor for a conflict, their side",
        in_conflict,
        f"gitops-secrets resolve {PATH} {_CONFLICT} --edit",
        "{} --theirs",
        replaces=True,
    ),
    Situation(
        "a conflict of a file that was changed since",
        changed_since,
        f"gitops-secrets resolve {PATH} --theirs",
        "git checkout --ours -- {}",
        status=3,
    ),
    Situation(
        "a conflict that is none",
        ruled,
        f"gitops-secrets resolve {PATH} --ours",
        "git status",
        status=3,
        shows="nothing to commit",
    ),
    Situation(
        "removed by one side, and kept",
        removed_by_them,
        f"gitops-secrets resolve {PATH} --ours",
        "git add -- {}",
        status=3,
        then=3,
        says="has no conflict",
    ),
    Situation(
        "removed by one side, and gone",
        removed_by_them,
        f"gitops-secrets resolve {PATH} --ours",
        "git rm -- {}",
        status=3,
        then=3,
        says="has no conflict",
    ),
    Situation(
        "readers whom the rule does not name, for verify",
        another_rule,
        "gitops-secrets verify",
        "gitops-secrets encrypt {path} && git add {path}",
        status=1,
    ),
    Situation(
        "readers of a file that is no manifest",
        dotenv,
        "gitops-secrets verify a.env",
        "sops updatekeys --yes {path}",
        status=1,
    ),
    Situation(
        "the value of another key, for verify",
        foreign_ciphertext,
        "gitops-secrets verify",
        "unless it is meant: git restore --source {} -- {path}; if it is: gitops-secrets encrypt --ignore-mac {path}",
        status=1,
        by_hand=f"git restore --source HEAD -- {PATH}",
    ),
    Situation(
        "a commit that is not signed",
        ready,
        f"gitops-secrets verify --require-signed --signer {'A' * 40}",
        "git log --full-history -- {path}",
        status=1,
        shows="Author: A User",
        then=1,
    ),
    Situation(
        "half a sops block, for verify",
        half_a_block,
        "gitops-secrets verify",
        "git log -p -- {path}",
        status=1,
        shows="+  lastmodified:",
    ),
    Situation(
        "what is not decrypted",
        undecrypted,
        "gitops-secrets doctor",
        "in {}, spec: decryption: {provider: sops, secretRef: {name: {}}}",
        status=1,
        by_hand=f"sed -i 's/^spec:/spec:\\n{DECRYPTED.rstrip()}/' {_APPS}",
    ),
    Situation(
        "a value that is readable",
        readable_beside,
        "gitops-secrets doctor",
        "gitops-secrets encrypt {} && git add {}",
        status=1,
    ),
    Situation(
        "a key that nothing needs",
        unused_key,
        "gitops-secrets doctor",
        "gitops-secrets registry {} {} --image-pull-secret {} {}",
        status=1,
    ),
    Situation(
        "ServiceAccounts without the pull Secret",
        without_accounts,
        "gitops-secrets doctor",
        "gitops-secrets bootstrap --path {} --image-pull-secret {} --registry {}",
        status=1,
        fill={"HOST:PORT": "registry.example.com"},
        adds=" --registry-creds-env CREDS",
    ),
    Situation(
        "a pull Secret that nothing applies",
        orphan,
        "gitops-secrets doctor",
        "git rm {}",
        status=1,
    ),
    Situation(
        "a Namespace that nothing makes",
        then(applied, "git rm --quiet apps/web.yaml", "git commit --quiet --message Change"),
        "gitops-secrets doctor",
        "add the manifest of Namespace {}, or once in the cluster: kubectl create namespace {}",
        status=1,
        by_hand="printf 'apiVersion: v1\\nkind: Namespace\\nmetadata: {name: shop}\\n' > apps/web.yaml",
    ),
)
