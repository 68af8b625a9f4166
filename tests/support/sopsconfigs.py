"""Random ``.sops.yaml`` files, in the forms that people write, and in some on which sops fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

PATHS = ("apps/db.sops.yaml", "apps/web/token.yaml", "clusters/prod/a.yaml", "x.yaml", "APPS/a.yml")
_REGEXES = (
    *(r"\.ya?ml$", r"^apps/.*\.sops\.yaml$", "^clusters/[^/]+/", "(?i)^apps/", "^apps/(db|web)"),
    *(r"^[[:alpha:]]+/", r"\Qx.yaml\E", "", r"^\pL+\.yaml$", "x|token", "a", r"ya?ml\z", "^.{3,}$"),
)
_RARE = ("nothing", "a(?=b)", "(", "(?<name>x)?", r"\.yaml\Z")
_WRONG_AGES = (
    *("age: [null]", "age: {a: b}", "age: [[a]]", "age: ''", "age:", "age: []", "age: [*p0, '']"),
    *("age: 12", "age: [*p0, ~]", "age: yes"),
)
_CHOICES = (
    *(("encrypted_regex", r) for r in ("^(data|stringData)$", "^stringData$", "data", "^kind$")),
    *(("encrypted_regex", r) for r in ("((?i)(pass|^data$|^STRINGDATA))", "(", "a(?!b)")),
    *(("unencrypted_regex", r) for r in ("^(apiVersion|kind|metadata|type)$", "^api", "e$", "[")),
    *(("encrypted_suffix", s) for s in ("Data", "a", "_secret")),
    *(("unencrypted_suffix", s) for s in ("_unencrypted", "_plain", "ata")),
    ("encrypted_comment_regex", "secret"),
)
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
  labels: {app: shop, key_plain: "1"}
type: Opaque
immutable: true
data:
  password: bWFkZS11cA==
  kind: bWFkZS11cA==
stringData:
  token: made-up
  token_unencrypted: made-up
  api_secret: made-up
"""


class Maker:
    """Makes the text of one ``.sops.yaml`` for *recipients*."""

    def __init__(self, chance: Random, recipients: Sequence[str]) -> None:
        self.chance = chance
        self.recipients = recipients

    def make(self) -> str:
        """Return the text."""
        chance = self.chance
        rules = [self._rule() for _ in range(chance.choice((1, 1, 2, 3, 4)))]
        head = self._anchors()
        if self._seldom(20):
            head += f"destination_rules:\n  - s3_bucket: b\n    path_regex: {self._scalar('x')}\n"
        if self._seldom(15):
            head += "unknown: {a: 1, a: [2]}\n" + ("unknown: again\n" if self._seldom(4) else "")
        style = "creation_rules:\n" if not self._seldom(40) else "creation_rules: &rules\n"
        if self._seldom(60):
            return head + chance.choice(("creation_rules: []\n", "creation_rules: {}\n", "{}\n"))
        tail = "stores:\n  yaml:\n    indent: 2\n" if self._seldom(4) else ""
        if self._seldom(30):
            tail += "---\ncreation_rules: no list\n"
        pad = chance.choice(("", "  "))
        body = "".join(f"{pad}{line}\n" for rule in rules for line in rule)
        mark = "---\n" if self._seldom(4) else ""
        return f"{mark}# made by a test\n{head}{style}{body}{tail}"

    def _anchors(self) -> str:
        """Return what the aliases of the rules stand for."""
        lines = ["keys:"]
        lines += [f"  - &p{i} {value}" for i, value in enumerate(self.recipients)]
        lines += [
            f"both: &both [{self.recipients[0]}, {self.recipients[1]}]",
            "groups: &groups",
            f"  - age: [*p1, {self.recipients[2]}]",
            "one: &one {encrypted_regex: '^(data|stringData)$'}",
            "two: &two {mac_only_encrypted: true, encrypted_regex: '^data$'}",
            "maps: &maps [*one, *two]",
        ]
        return "\n".join(lines) + "\n"

    def _rule(self) -> list[str]:
        chance = self.chance
        found: list[str] = []
        if not self._seldom(6):
            regex = chance.choice(_RARE if self._seldom(25) else _REGEXES)
            found.append(f"path_regex: {self._scalar(regex)}")
        if self._seldom(5):
            found.append(f"<<: {chance.choice(('*one', '*two', '[*one, *two]', '[*two, *one]'))}")
        elif self._seldom(60):
            merge = chance.choice(("'<<'", "<<"))
            found.append(f"{merge}: {chance.choice(('*maps', '*one'))}")
        merges = any("<<" in line for line in found)
        for _ in range(chance.choice((0, 0, 0, 1) if merges else (0, *[1] * 24, 2))):
            name, value = chance.choice(_CHOICES)
            found.append(f"{name}: {self._scalar(value)}")
        if self._seldom(5):
            words = ("true", "yes", "On", "false", '"yes"', "null", "~")
            if self._seldom(16):
                words = ('"true"', "1", "[]", "maybe")
            found.append(f"mac_only_encrypted: {chance.choice(words)}")
        if self._seldom(3):
            found += self._key_groups()
        if not self._seldom(4):
            found += self._age()
        if self._seldom(12):
            number = chance.choice(("0", "1", "2", "2", "null", "3" if self._seldom(2) else "x"))
            found.append(f"shamir_threshold: {number}")
        if self._seldom(12):
            more = ("pgp: ''", "kms: []", "filename_regex: x", "aws_profile: x", "hckms: []")
            found.append(chance.choice(more) if not self._seldom(8) else "hckms: text")
        chance.shuffle(found) if not any("\n" in line for line in found) else None
        lines = [line for entry in found or ["{}"] for line in entry.split("\n")]
        return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]

    def _age(self) -> list[str]:
        """Return a rule's own recipients, in one of the forms."""
        picked = self._picked()
        forms = (
            lambda: f"age: {', '.join(picked)}",
            lambda: f"age: {','.join(picked)},",
            lambda: "age: >-\n" + ",\n".join(f"  {value}" for value in picked),
            lambda: "age: |\n" + ",\n".join(f"  {value}" for value in picked),
            lambda: "age:\n" + "\n".join(f"  - {value}" for value in picked),
            lambda: "age:\n" + "\n".join(f"- {value}" for value in picked),
            lambda: f"age: [{', '.join(picked)}]",
            lambda: f"age: ['{','.join(picked)}']",
            lambda: "age: *both",
            lambda: f"age: *p{self.chance.randrange(len(self.recipients))}",
            lambda: "age: [*p0, *p1, *p0]",
            lambda: f"age: [*p2, {picked[0]}]",
        )
        if self._seldom(15):
            return [self.chance.choice((*_WRONG_AGES, f"age: {picked[0][:-1]}"))]
        return [self.chance.choice(forms)()]

    def _key_groups(self) -> list[str]:
        chance = self.chance
        if self._seldom(6):
            forms = ("*groups", "[]", "null", "[null]", *(("x", "{}") if self._seldom(4) else ()))
            return [f"key_groups: {chance.choice(forms)}"]
        groups = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            picked = self._picked()
            form = chance.choice((0, 1, 3, 4, 4, 4, 4, 4, 4, 2 if self._seldom(12) else 4))
            if form == 0:
                groups.append(f"- age: [*p0, {picked[0]}]")
            elif form == 1:
                groups.append(f"- merge: [{{age: [*p1]}}]\n  age: [{picked[0]}, {picked[0]}]")
            elif form == 2:
                groups.append(f"- age: {picked[0]}")
            elif form == 3:
                groups.append(f"- age: ['{','.join(picked)}', null]\n  pgp: []")
            else:
                groups.append("- age:\n" + "\n".join(f"    - {value}" for value in picked))
        return ["key_groups:\n" + "\n".join(f"  {line}" for g in groups for line in g.split("\n"))]

    def _picked(self) -> list[str]:
        return self.chance.sample(self.recipients, self.chance.choice((1, 1, 2, 3)))

    def _scalar(self, value: str) -> str:
        """Return *value* plain if YAML takes it so, or in quotes."""
        plain = value.replace("^", "").replace("(", "").replace(")", "").replace("|", "")
        if plain.isalnum() and not self._seldom(3):
            return value
        if self._seldom(2):
            return json.dumps(value)
        return "'" + value.replace("'", "''") + "'"

    def _seldom(self, one_in: int) -> bool:
        return self.chance.randrange(one_in) == 0
