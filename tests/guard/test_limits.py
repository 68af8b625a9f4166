"""Hostile contents: bounded time and memory, no crash, and never a clean verdict unseen.

Time is not measured here but work: each content would take minutes or end the process if a bound
were missing. The fuzz run measures time.
"""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import zlib

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.guard.corpus.case import Fresh, b64
from tests.guard.said import everything_said, given_away, pieces

NOBODY = Policy()


def _rules(content: bytes) -> set[str]:
    return {f.rule for f in engine.judge_blob("a.yaml", content, NOBODY).findings}


@pytest.mark.parametrize(
    "junk",
    [
        "deep: " + "[" * 100_000,
        "deep: " + "{a: " * 50_000,
        "- " * 100_000 + "x",
        "? " * 100_000 + "x",
        "\n".join(" " * i + "a:" for i in range(1500)),
    ],
    ids=["brackets", "braces", "dashes", "questions", "indents"],
)
def test_deep_nesting_neither_ends_the_process_nor_hides_a_secret(junk: str):
    assert "plaintext-dockerconfigjson" in _rules((Fresh().secret + junk).encode())
    assert "plaintext-dockerconfigjson" in _rules((Fresh().secret + "---\n" + junk).encode())


def test_an_alias_bomb_is_walked_once():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    assert _rules((bomb + Fresh().secret).encode()) == {"plaintext-dockerconfigjson"}


def test_a_merge_bomb_is_walked_once():
    bomb = "a0: &a0 {x: y}\n" + "".join(
        f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 30)
    )
    text = bomb + Fresh().secret.replace("data:\n", "data:\n  <<: *a29\n")
    assert "plaintext-dockerconfigjson" in _rules(text.encode())


def test_a_gzip_bomb_is_not_unpacked_whole_and_said_to_be_unreadable():
    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    bomb = b"".join(machine.compress(block) for _ in range(300)) + machine.flush()
    assert _rules(bomb) == {"unreadable"}
    assert _rules(b"x: " + base64.b64encode(bomb[:100_000]) + b"\n") <= {"unreadable"}


def test_wrapping_without_end_is_said_to_be_unreadable():
    content = json.dumps(
        {"auths": {"x.io": {"username": "u", "password": Fresh().password}}}
    ).encode()
    for _ in range(12):
        content = base64.b64encode(gzip.compress(content, mtime=0))
    assert "unreadable" in _rules(b"x: " + content + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b"a: b\n",
        b'{"auths":{"x":{"auth":"',
        b"docker login -u a ",
        b'password: "',
        b"\\\\\\\\\\\\\\\\",
        b"kind: Secret\n",
        b"QUFB",
        b"61757468",
        b"eJw",
        b"# ",
        b"<<<<<<< x\n",
        b"-----BEGIN PGP PRIVATE KEY BLOCK-----",
        b"AGE-PLUGIN-",
        b"${a",
        b"{{",
        b"echo a | ",
        b"oci://a:",
        b"https://a:b@registry.",
        b"{{a}}:",
        b"auth=('u', 'Xq9pLmT4vR')",
        b"f(auth=(",
        b"#",
        b"echo #",
    ],
    ids=repr,
)
def test_a_pattern_repeated_through_megabytes_is_judged(line: bytes):
    secret = Fresh().secret.encode()
    content = (
        secret + b"x: 'registry password ghcr docker --password-stdin auths kind: Secret'\necho "
    )
    engine.judge_blob("a.yaml", content + line * (2_000_000 // len(line)), NOBODY)


def test_a_run_without_a_colon_in_a_broken_secret_is_judged():
    text = f"{{kind: Secret, stringData: {{password: {Fresh().password}, x {'A' * 2_000_000}, ]"
    facts = engine.examine(text.encode())
    assert [value.key for found in facts.objects for value in found.readable]


def test_a_host_without_end_is_judged():
    line = b"machine git." + b"example.com" * 40_000 + b" login robot password Kd93kslQp2x\n"
    assert engine.examine(line).notes == ()
    assert engine.examine(line.replace(b"git.", b"ghcr.io/")).notes != ()


def test_a_secret_behind_fifty_megabytes_is_found():
    filler = b"key: value of no interest\n" * (50_000_000 // 26)
    assert "plaintext-dockerconfigjson" in _rules(filler + b"---\n" + Fresh().secret.encode())


def test_more_than_is_looked_at_is_said_to_be_unreadable():
    content = b"kind: Secret\ndata:\n  auth: x\n" + b" " * (65 * 1024 * 1024)
    assert "unreadable" in _rules(content)


def test_many_findings_are_cut_off_and_not_lost_altogether():
    items = "".join(f"a{i}:\n  auth: {Fresh().auth}\n" for i in range(3000))
    judged = engine.judge_blob("a.yaml", items.encode(), NOBODY)
    assert 0 < len(judged.findings) <= 1001


def test_the_filter_and_a_clean_content_need_no_yaml():
    program = (
        "import sys\n"
        "from gitops_secrets.core.guard import engine\n"
        "from gitops_secrets.core.guard.judge.policy import Policy\n"
        "clean = b'apiVersion: apps/v1\\nkind: Deployment\\nmetadata: {name: a}\\n'\n"
        "assert not engine.judge_blob('a.yaml', clean, Policy({'.sops.yaml': b'creation_rules: []'})).findings\n"
        "heavy = {'yaml', 'click', 'git', 'kubernetes', 'ruamel', 'pyrage', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_an_image_with_the_word_secret_costs_no_yaml():
    assert _rules(b"\x89PNG\r\n" + bytes(range(256)) * 2000 + b"kind: Secret data") == set()


def test_base64_of_anything_is_told_from_credentials():
    assert (
        _rules(f"x: {b64('no credentials here, auth or otherwise, password neither')}\n".encode())
        == set()
    )


@pytest.mark.parametrize(
    "content",
    [
        b"kind: Secret\nmetadata: {name: a}\ndata:\n  %s: eHh4eHh4eHh4\n",
        (
            b"kind: Secret\nmetadata: {name: a}\nstringData:\n  a: ENC[AES256_GCM,data:YQ==,iv:YQ==,"
            b"tag:YQ==,type:str]\nsops:\n  age:\n  - recipient: age1x\n    enc: %s\n"
        ),
        (
            b"kind: Secret\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: |\n"
            b'    {"auths": {"x %s y": {"auth": "cm9ib3Q6aHVudGVyMmh1bnRlcjI="}}}\n'
        ),
    ],
    ids=["key", "wrapped data key", "registry"],
)
def test_a_value_that_slipped_to_where_names_stand_is_not_said(content: bytes) -> None:
    secret = b"Qg1YrVRFcJ5ruwQiemcyFeqQ7x"
    facts = engine.examine(content % secret)
    assert facts
    judged = engine.judge("a.yaml", facts, Policy({".sops.yaml": b"creation_rules: [{}]"}))
    said = everything_said(facts, judged.findings)
    assert not given_away(said, pieces([secret.decode()]))


def test_a_short_piece_of_a_value_that_slipped_to_where_a_key_stands_is_not_said() -> None:
    config = base64.b64encode(b'{"auths": {"ghcr.io": {"auth": "cm9ib3Q6aHVudGVyMmh1bnRlcjI="}}}')
    facts = engine.examine(b"kind: Secret\nesNfC7xx: data:application/json;base64," + config)
    assert facts.notes
    assert "esNfC7" not in everything_said(facts, ())


def test_control_characters_hide_nothing_from_the_filter() -> None:
    command = base64.b64encode(b"docker login -u robot -p hunter2hunter2 registry.example.com")
    content = b"x: " + command[:21] + b"\x08\xc2\x8b" * 9 + command[21:] + b"\n"
    assert engine.examine(content).notes


def _calls(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[object]:
    """Have every call of *module*'s function *name* counted."""
    function, calls = getattr(module, name), []

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return function(*arguments)

    monkeypatch.setattr(module, name, counted)
    return calls


def test_a_text_of_many_broken_documents_is_asked_once_whether_it_is_a_manifest(monkeypatch):
    from gitops_secrets.core.guard.read import lenient

    calls = _calls(monkeypatch, lenient, "is_manifest")
    engine.examine(b"---\nkind: Secret\ndata:\n  a: [\n" * 300)
    assert len(calls) == 1


def test_a_list_of_many_literals_is_asked_once_whether_it_is_for_a_registry(monkeypatch):
    from gitops_secrets.core.guard.rules.credentials import registry_password

    calls = _calls(monkeypatch, registry_password, "says_registry")
    literals = "".join(f"  - password=hunter2hunter2{n}\n" for n in range(300))
    content = f"secretGenerator:\n- name: regcred\n  literals:\n  - username=robot\n{literals}"
    assert _rules(content.encode()) == {"registry-password"}
    assert len(calls) == 1


def test_a_list_of_many_programs_that_run_others_is_read_once(monkeypatch):
    from gitops_secrets.core.guard.patterns import commands

    calls = _calls(monkeypatch, commands, "_is_code")
    count = 400
    engine.examine(b"run(['docker', 'login', 'ess." * count + b" -p x registry.example.com")
    assert 0 < len(calls) <= 8 * count


_PASSWORD = "Kd93kslQp2xZ"
_BEHIND = {
    "commands": ("helm version\n" * 6000, f"docker login -u robot -p {_PASSWORD} ghcr.io\n"),
    "words": ("docker login " + "-l a " * 300, f"-u robot -p {_PASSWORD} ghcr.io\n"),
    "addresses": (
        "see https://a:b@c.example.com/x\n" * 21_000,
        f"see https://robot:{_PASSWORD}@registry.example.com/v2/\n",
    ),
    "calls": (
        "get('https://x.example.com/', auth=('robot', 'changeme'))\n" * 5100,
        f"get('https://registry.example.com/v2/', auth=('robot', '{_PASSWORD}'))\n",
    ),
    "a block of braces": (
        "note {\n" + "# of no interest\n" * 20_000,
        f'"auths": {{"ghcr.io": {{"username": "robot", "password": "{_PASSWORD}"}}}}\n',
    ),
    "an entry": (
        'note {\n"ghcr.io": {' + " " * 21_000,
        f'"username": "robot", "password": "{_PASSWORD}"}}\n',
    ),
    "a section": (
        "[registry.auth]\n" + "# of no interest [sic]\n\n" * 40,
        f'username = "robot"\npassword = "{_PASSWORD}"\n',
    ),
    "lines of prose": (
        "A Secret that no reader reads.\n" * 2001 + "a: b\n" * 20_000,
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: {_PASSWORD}\nb: [\n",
    ),
}
"""What filled a limit, and what stood unseen behind it."""


@pytest.mark.parametrize("what", _BEHIND)
def test_no_number_of_decoys_hides_what_follows(what: str) -> None:
    decoys, secret = _BEHIND[what]
    policy = Policy({".sops.yaml": b"creation_rules: [{}]"})
    judged = engine.judge_blob("a.txt", (decoys + secret).encode(), policy)
    assert [f.rule for f in judged.findings]
    assert not {f.rule for f in judged.findings} & {"unreadable"}
    assert not engine.judge_blob("a.txt", decoys.encode(), policy).findings


_ENDLESS = {
    "commands": "docker ps\n" * 100_001,
    "words": "docker login " + "-l a " * 10_000,
    "addresses": "see https://a:b@registry.example.com/x\n" * 100_001,
    "calls": f"get('https://x.example.com/', auth=('robot', '{_PASSWORD}'))\n" * 5001,
    "depths": "a: [\n" + "".join(f"{' ' * n}kind: Secret\n" for n in range(21)) + "data: b\n" * 50,
    "values": "kind: Secret\nstringData:\n" + f"  a: {_PASSWORD}\n" * 2001,
    "values of lines": "b: [\nkind: Secret\nstringData:\n" + f"  a: {_PASSWORD}\n" * 2001,
    "configs": "auths = x\n  auth: cm9ib3Q6aHVudGVyMmh1bnRlcjI=\n" * 1001,
}


@pytest.mark.parametrize("what", _ENDLESS)
def test_what_is_not_looked_at_to_its_end_is_said_to_be_unreadable(what: str) -> None:
    content = (
        _ENDLESS[what] + "\n# docker login -u robot -p changeme --password-stdin registry auths\n"
    )
    assert "unreadable" in _rules(content.encode())


def test_exceptions_for_a_thousand_findings_excuse_no_other() -> None:
    """What is not kept was never weighed, so no marker can have been meant for it."""
    marker = "# gitops-secrets: ignore[docker-config] a test\n"
    lines = [f"{marker}- auth: {Fresh().auth}\n" for _ in range(990)]
    assert not _rules("".join(lines).encode())
    more = [f"- auth: {Fresh().auth}\n" for _ in range(20)]
    assert "unreadable" in _rules("".join([*lines, *more]).encode())


def test_the_last_of_many_ciphertexts_is_known() -> None:
    values = "".join(
        f"  k{n}: ENC[AES256_GCM,data:YWFh,iv:{b64(bytes(28) + n.to_bytes(4))},tag:{b64(bytes(12) + n.to_bytes(4))},type:str]\n"
        for n in range(2100)
    )
    facts = engine.examine(f"kind: Secret\ndata:\n{values}sops:\n  mac: x\n".encode())
    assert len(facts.objects[0].ciphertexts) == 2100
