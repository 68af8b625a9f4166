"""Nothing of ours is encrypted for a reader, or under a data key, that came with the other branch alone.

Whoever may push a branch writes any sops block into it: its recipients are not in the MAC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import yaml
from pyrage import x25519

from tests.support.merging import SECRET, SECRETS, Branches
from tests.support.user import Result, User


class Shop(Branches):
    """Branches, and somebody whom ours does not know."""

    def __init__(self, user: User) -> None:
        super().__init__(user)
        identity = x25519.Identity.generate()
        self.identity, self.stranger = str(identity), str(identity.to_public())

    def with_stranger(self, plain: str) -> Callable[[], None]:
        """Return what writes *plain*, encrypted anew for both."""
        return self.write(self.encrypt(plain, readers=(self.recipient, self.stranger)))

    def name_stranger(self) -> None:
        """Name the stranger in the creation rule."""
        self.name(self.recipient, self.stranger)

    def name(self, *readers: str) -> None:
        """Name just *readers* in the creation rule."""
        rule = {"path_regex": "^apps/", "encrypted_regex": SECRETS, "age": list(readers)}
        self.user.write({".sops.yaml": json.dumps({"creation_rules": [rule]})})

    def refuses(self, done: Result) -> bool:
        """Return whether *done* names the stranger and what helps, and the stranger got nothing."""
        shown = self.user.run(
            *("show", "--reveal", self.path),
            env={"HOME": str(self.user.temporary), "SOPS_AGE_KEY": self.identity},
        )
        assert (shown.status, shown.stdout) == (3, ""), shown.printed
        said = f"side lets in {self.stranger}, whom no creation rule of ours names" in done.stderr
        hints = ("abort it: git status says how", f"gitops-secrets key add {self.stranger}")
        return said and all(f"hint: {hint}\n" in done.stderr for hint in hints)

    def ciphertext(self, branch: str) -> set[str]:
        """The encrypted values and comments of the file on *branch*."""
        content = self.user.git("show", f"{branch}:{self.path}").partition("\nsops:")[0]
        return set(re.findall(r"ENC\[[^]]+\]", content))


@pytest.fixture
def shop(user: User) -> Shop:
    return Shop(user)


def commented(plain: str = SECRET) -> str:
    return plain.replace("  b: two", "  # ask the shop's team\n  b: two")


def pull_secret(*registries: str) -> str:
    auths = {registry: {"auth": "dTpw"} for registry in registries}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "regcred"},
            "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
        }
    )


THEIRS = {
    "a value": (SECRET, SECRET.replace("two", "2")),
    "a comment": (SECRET, commented()),
    "a list": (SECRET, SECRET + "  list: [x]\n"),
    "nothing, of a file without values": ("kind: Secret\nstringData: {}\n",) * 2,
    "a registry": (pull_secret("ghcr.io"), pull_secret("ghcr.io", "quay.io")),
}
"""What both had, and what their side changed while it encrypted the file for the stranger too."""


def ours(shop: Shop, base: str) -> Callable[[], None]:
    """What our side sets: in a pull Secret a registry too."""
    if "dockerconfigjson" not in base:
        return shop.setting("stringData", "a", value='"of main"')
    held = yaml.safe_load(pull_secret("ghcr.io", "docker.io"))["stringData"]
    return shop.setting("stringData", ".dockerconfigjson", value=json.dumps(*held.values()))


def part_with_stranger(shop: Shop, what: str) -> None:
    """Have our side set something, and theirs make the change *what* while it encrypts for the stranger too."""
    base, changed = THEIRS[what]
    shop.start(shop.encrypt(base))
    shop.part(ours(shop, base), shop.with_stranger(changed))


@pytest.mark.parametrize("what", THEIRS)
def test_what_their_side_encrypted_for_a_stranger_gets_nothing_of_ours(
    shop: Shop, what: str
) -> None:
    part_with_stranger(shop, what)
    done = shop.merge()
    assert (done.status, shop.refuses(done)) == (1, True), done.printed
    assert shop.content() == shop.user.git("show", f"main:{shop.path}")


@pytest.mark.parametrize("what", ["a comment", "a registry"])
def test_a_stranger_whom_our_rule_names_is_let_in_under_a_data_key_of_ours(
    shop: Shop, what: str
) -> None:
    part_with_stranger(shop, what)
    shop.name_stranger()
    shop.commit({}, "let the stranger in")
    done = shop.merge()
    assert done.status == 0, done.printed
    assert shop.stranger in shop.content()
    assert not shop.ciphertext("HEAD") & shop.ciphertext("topic")
    if what == "a comment":
        assert "# ask the shop's team" in shop.opened()


@pytest.mark.parametrize("plain", [SECRET.replace("two", "2"), commented()])
def test_nothing_of_ours_is_under_a_data_key_of_their_branch(shop: Shop, plain: str) -> None:
    """They encrypted it anew for the same readers: who did that knows the data key."""
    shop.start(shop.encrypt(SECRET))
    shop.part(ours(shop, SECRET), shop.write(shop.encrypt(plain)))
    done = shop.merge()
    assert done.status == 0, done.printed
    assert not shop.ciphertext("HEAD") & shop.ciphertext("topic")
    assert yaml.safe_load(shop.opened())["stringData"]["a"] == "of main"


@pytest.mark.parametrize("is_named", [True, False])
def test_what_is_readable_on_our_side_goes_to_whom_our_rule_names(
    shop: Shop, is_named: bool
) -> None:
    shop.start(SECRET)

    def edit() -> None:
        shop.write(SECRET.replace("one", "of main"))()
        if is_named:
            shop.name_stranger()

    shop.part(edit, shop.with_stranger(SECRET))
    done = shop.merge()
    if is_named:
        assert done.status == 0, done.printed
        assert yaml.safe_load(shop.opened())["stringData"] == {"a": "of main", "b": "two"}
        assert not shop.ciphertext("HEAD") & shop.ciphertext("topic")
    else:
        assert done.status == 1
        assert "whom no creation rule of ours names" in done.stderr
        assert shop.content() == SECRET.replace("one", "of main")


def test_a_rule_of_their_branch_names_nobody_for_us(shop: Shop) -> None:
    shop.start(shop.encrypt(SECRET))

    def forge() -> None:
        shop.with_stranger(commented())()
        shop.name_stranger()

    shop.part(ours(shop, SECRET), forge)
    done = shop.merge()
    assert (done.status, shop.refuses(done)) == (1, True), done.printed


def test_a_choice_in_resolve_lets_no_stranger_in(shop: Shop) -> None:
    shop.start(shop.encrypt(SECRET))
    shop.part(ours(shop, SECRET), shop.with_stranger(commented(SECRET.replace("one", "1"))))
    assert shop.merge().status == 1
    done = shop.user.run("resolve", shop.path, "--theirs")
    assert (done.status, shop.refuses(done)) == (3, True), done.printed


def test_who_was_put_out_without_a_new_data_key_does_not_have_the_next_one(shop: Shop) -> None:
    """Their side took the reader out of the file, and left the data key as it was."""
    both = (shop.recipient, shop.stranger)
    shop.start(shop.encrypt(SECRET, readers=both))
    base = shop.ciphertext("main")

    def put_out() -> None:
        rule = shop.user.home / "rule.yaml"
        rule.write_text(json.dumps({"creation_rules": [{"age": shop.recipient}]}))
        file = str(shop.user.repository / shop.path)
        shop.sops("--config", str(rule), "updatekeys", "--yes", file)

    shop.part(shop.setting("stringData", "new", value='"x"'), put_out)
    done = shop.merge()
    assert done.status == 0, done.printed
    assert shop.stranger not in shop.content()
    assert not shop.ciphertext("HEAD") & base


@pytest.mark.parametrize("is_merge", [True, False])
def test_a_conflict_that_somebody_committed_does_not_say_which_side_is_ours(
    shop: Shop, is_merge: bool
) -> None:
    """The other branch merged ours into itself, or wrote markers around both, and came back to us."""
    git = shop.user.git
    shop.start(shop.encrypt(SECRET))
    shop.part(ours(shop, SECRET), shop.with_stranger(SECRET))
    git("config", "--remove-section", "merge.gitops-secrets")
    git("checkout", "--quiet", "topic")
    assert shop.merge("main").status == 1
    shop.commit({}, "merged")
    if not is_merge:
        forged, real = (git("show", f"{name}:{shop.path}") for name in ("topic~1", "main"))
        git("reset", "--quiet", "--soft", "main")
        marked = f"<<<<<<< main\n{forged}=======\n{real}>>>>>>> topic\n"
        shop.commit({shop.path: marked}, "no merge")
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "--ff-only", "topic")

    done = shop.user.run("resolve", shop.path, "--ours")

    assert (done.status, shop.stranger in shop.content()) == (3, True), done.printed
    assert f"one side lets in {shop.stranger}, whom no creation rule of ours" in done.stderr
    assert f"hint: gitops-secrets key add {shop.stranger}\n" in done.stderr
    assert "abort" not in done.stderr
    shop.name_stranger()
    shop.commit({}, "let the stranger in")
    resolved = shop.user.run("resolve", shop.path, "--ours")
    assert resolved.status == 0, resolved.printed
    assert yaml.safe_load(shop.opened())["stringData"]["b"] == "two"


def test_in_a_rebase_what_git_calls_ours_is_the_other_branch(shop: Shop) -> None:
    """git pull --rebase: our value would be put under the data key, and before the reader, of what was fetched."""
    shop.start(shop.encrypt(SECRET))
    shop.part(ours(shop, SECRET), shop.with_stranger(SECRET.replace("two", "2")))
    done = shop.user.program(["git", "rebase", "topic"])
    assert done.status == 1, done.printed
    assert f"one side lets in {shop.stranger}, whom no creation rule of ours names" in done.stderr
    shop.user.git("rebase", "--abort")
    assert shop.stranger not in shop.content()


def test_in_a_rebase_a_reader_whom_the_fetched_rule_names_is_let_in(shop: Shop) -> None:
    shop.start(shop.encrypt(SECRET))
    shop.on("topic", shop.with_stranger(SECRET.replace("two", "2")), shop.name_stranger)
    shop.user.git("checkout", "--quiet", "main")
    shop.on("main", ours(shop, SECRET))
    done = shop.user.program(["git", "rebase", "topic"])
    assert done.status == 0, done.printed
    assert shop.stranger in shop.content()
    assert yaml.safe_load(shop.opened())["stringData"] == {"a": "of main", "b": 2}


def test_in_merge_tree_any_branch_may_be_called_ours(shop: Shop) -> None:
    """As a hosting service merges: nothing is checked out, and their branch comes first."""
    shop.start(shop.encrypt(SECRET))
    shop.part(ours(shop, SECRET), shop.with_stranger(SECRET))
    for order in (("topic", "main"), ("main", "topic")):
        done = shop.user.program(["git", "merge-tree", "--write-tree", *order])
        assert done.status == 1, done.printed
        assert f"side lets in {shop.stranger}, whom no creation rule of ours" in done.stderr


def write_in(shop: Shop) -> None:
    """Write the stranger into the file without any key: with the data key of a file that is his own."""
    own = yaml.safe_load(shop.encrypt(SECRET, readers=(shop.stranger,)))
    content = yaml.safe_load(shop.content())
    content["sops"]["age"] += own["sops"]["age"]
    shop.user.write({shop.path: yaml.safe_dump(content, sort_keys=False)})


def test_who_wrote_himself_into_the_file_gets_no_later_data_key_of_it(shop: Shop) -> None:
    leaver = str(x25519.Identity.generate().to_public())
    shop.name(shop.recipient, leaver)
    shop.start(shop.encrypt(SECRET, readers=(shop.recipient, leaver)))
    shop.on("leave", shop.write(shop.encrypt(SECRET)))
    shop.user.git("checkout", "--quiet", "main")
    shop.part(ours(shop, SECRET), lambda: write_in(shop))
    first = shop.merge()
    assert first.status == 0, first.printed
    assert (
        f"note: {shop.path}: one side lets in {shop.stranger}, whom the .sops.yaml" in first.stderr
    )
    done = shop.merge("leave")
    assert done.status == 1, done.printed
    assert f"our side lets in {shop.stranger}, whom our creation rule does not name" in done.stderr
    shop.user.git("merge", "--abort")
    assert "gitops-secrets verify --fix" in done.stderr
    assert shop.user.run("verify", "--fix").status == 0
    assert shop.stranger not in shop.content()
    shop.commit({}, "the stranger out")
    assert shop.merge("leave").status == 0
