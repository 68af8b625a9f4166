"""The pure part of a rotation: its order, what is revoked, what a program may answer, and what Git notes."""

from __future__ import annotations

import json
from itertools import takewhile

import pytest

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import (
    Listed,
    Naming,
    find_old,
    has_prefix,
    make_name,
    name_prefix,
    orphans,
)
from gitops_secrets.core.registry.rotation.protocol import (
    Action,
    build_request,
    parse_listed,
    parse_minted,
)
from gitops_secrets.core.registry.rotation.record import Record, format_records, parse_records
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.core.sops.annotations import records_in, with_records
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.pullsecret import PullSecret
from gitops_secrets.errors import GitOpsSecretsError

PREFIX = name_prefix("Fleet_1", "registry.example.com:5000")
OURS = make_name(PREFIX, "20270131", "00c0ffee")
OLD = Credentials("robot", "x-of-the-tests")


def journey_to(last: Stage, *skipped: Stage) -> Journey:
    journey = Journey()
    for stage in (*takewhile(lambda s: s is not last, Stage), last):
        journey.note(stage, State.SKIPPED if stage in skipped else State.DONE, "")
    return journey


# -- the order


def test_a_rotation_is_complete_when_the_old_one_was_seen_to_be_refused() -> None:
    assert journey_to(Stage.PROVE_REVOKED).is_complete
    assert not journey_to(Stage.REVOKE).is_complete


@pytest.mark.parametrize("missing", [Stage.SWITCH, Stage.PUSH, Stage.CONFIRM, Stage.PROVE_AGAIN])
def test_nothing_is_revoked_before_all_that_comes_before_it(missing: Stage) -> None:
    journey = journey_to(list(Stage)[list(Stage).index(missing) - 1])
    assert not journey.may(Stage.REVOKE)
    with pytest.raises(ValueError, match=missing):
        journey.note(Stage.REVOKE, State.DONE, "")


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED, State.SKIPPED])
def test_only_a_confirmation_that_is_done_counts(state: State) -> None:
    journey = journey_to(Stage.PUSH)
    journey.note(Stage.CONFIRM, state, "")
    assert not journey.may(Stage.PROVE_AGAIN)


def test_a_proof_may_be_skipped_and_a_failed_one_stops_the_switch() -> None:
    assert journey_to(Stage.PROVE_AGAIN, Stage.PROVE, Stage.PROVE_AGAIN).may(Stage.REVOKE)
    journey = journey_to(Stage.MINT)
    journey.note(Stage.PROVE, State.FAILED, "")
    assert not journey.may(Stage.SWITCH)


def test_each_step_is_told_as_it_is_made() -> None:
    told: list[str] = []
    journey = Journey(lambda step: told.append(step.words))
    journey.note(Stage.FIND, State.DONE, "found")
    assert told == ["found"]


# -- names and ids


def test_a_name_says_tool_repository_registry_and_day() -> None:
    assert OURS == "gitops-secrets-fleet-1-registry-example-com-5000-20270131-00c0ffee"
    assert has_prefix(OURS, PREFIX)


@pytest.mark.parametrize("name", ["robot", f"{OURS}x", PREFIX, f"{PREFIX}eu-20270131-00c0ffee"])
def test_a_name_of_another_is_not_ours(name: str) -> None:
    assert not has_prefix(name, PREFIX)


def test_an_orphan_is_ours_by_name_and_known_to_nothing() -> None:
    listed = [Listed("1", OURS), Listed("2", OURS), Listed("3", "robot")]
    assert orphans(listed, PREFIX, ("1", None)) == [listed[1]]


@pytest.mark.parametrize(
    ("listed", "hinted", "old"),
    [
        pytest.param([Listed("1", "a", "robot")], None, "1", id="the only one of the user"),
        pytest.param([Listed("1", "a", "robot"), Listed("2", "b", "robot")], None, None, id="two"),
        pytest.param([Listed("1", "a")], None, None, id="no users in the list"),
        pytest.param([Listed("1", "a", "robot")], "1", "1", id="hinted, of the user"),
        pytest.param([Listed("1", "a", "other")], "1", None, id="hinted, of another user"),
        pytest.param([Listed("1", OURS)], "1", "1", id="hinted, by a name of ours"),
        pytest.param([Listed("1", "a")], "1", None, id="hinted, by a name of others"),
        pytest.param([Listed("2", "a", "robot")], "1", None, id="hinted, and not listed"),
    ],
)
def test_which_id_is_the_old_one(listed: list[Listed], hinted: str | None, old: str | None) -> None:
    assert find_old(listed, OLD, hinted, PREFIX) == old


def test_a_named_id_has_to_be_listed_and_not_the_current_one() -> None:
    naming = Naming("Gitea", [Listed("1", "a"), Listed("2", "b")], PREFIX, current="2")
    naming.refuse(["1"])
    for named in ("2", "3"):
        with pytest.raises(GitOpsSecretsError, match=named):
            naming.refuse([named])


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        pytest.param([], "it lists no other", id="nothing"),
        pytest.param([Listed("9", OURS)], "it lists no other", id="the current one alone"),
        pytest.param([Listed("4", "a"), Listed("5", "b")], "it lists 4, 5", id="none of ours"),
        pytest.param([Listed("4", OURS)], "of this repository it lists 4", id="by its name"),
        pytest.param(
            [Listed("4", "a", "robot")], "of this repository it lists 4", id="by its user"
        ),
        pytest.param([Listed("8", "a")], "of this repository it lists 8", id="noted in Git"),
        pytest.param(
            [Listed("4", OURS), Listed("5", "b"), Listed("6", "c")],
            "of this repository it lists 4, and 2 that may be somebody else's",
            id="among others",
        ),
    ],
)
def test_an_unknown_id_is_answered_with_the_ids_that_can_be_meant(
    listed: list[Listed], said: str
) -> None:
    naming = Naming("Gitea", listed, PREFIX, "robot", "9", "8")
    with pytest.raises(GitOpsSecretsError) as raised:
        naming.refuse(["3"])
    assert raised.value.message == f"Gitea lists no credential with the id 3: {said}"


# -- the protocol

MINTED = {"id": "7", "user": "robot-b", "secret": "s-of-the-tests"}


def test_a_request_holds_names_and_ids() -> None:
    sent = json.loads(build_request(Action.MINT, "h:5000", name="n", user="robot", id=None))
    assert sent == {
        "version": 1,
        "action": "mint",
        "registry": "h:5000",
        "name": "n",
        "user": "robot",
        "id": None,
    }


def test_user_and_expiry_are_those_of_the_answer() -> None:
    answer = {**MINTED, "expires": "2027-01-31T00:00:00Z", "token_seconds": 60}
    minted = parse_minted(json.dumps(answer).encode(), "p")
    assert (minted.ident, minted.credentials.username) == ("7", "robot-b")
    assert (minted.expires, minted.token_seconds) == ("2027-01-31T00:00:00+00:00", 60)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"secret": ""}, "no password"),
        ({"secret": 5}, "secret is not a string"),
        ({"user": ""}, "user is not a string"),
        ({"user": "a:b"}, "user has a colon"),
        ({"id": None}, "id is not a string"),
        ({"id": "7\n"}, "id is not a string"),
        ({"id": "t-s-of-the-tests"}, "id or user holds the secret"),
        ({"expires": "tomorrow"}, "expires is not a time"),
        ({"expires": "2027-01-31T00:00:00"}, "expires is not a time"),
        ({"token_seconds": "60"}, "token_seconds is not a number"),
    ],
)
def test_a_wrong_answer_is_refused_and_not_repeated(change: dict[str, object], why: str) -> None:
    with pytest.raises(GitOpsSecretsError) as caught:
        parse_minted(json.dumps({**MINTED, **change}).encode(), "p")
    assert why in caught.value.message
    assert MINTED["secret"] not in caught.value.message


@pytest.mark.parametrize("answer", [b"", b"[]", b"{", b'{"credentials": {}}', b"\xff"])
def test_what_is_no_list_is_refused(answer: bytes) -> None:
    with pytest.raises(GitOpsSecretsError):
        parse_listed(answer, "p")


def test_two_credentials_of_one_id_are_refused() -> None:
    entry = {"id": "1", "name": "a"}
    with pytest.raises(GitOpsSecretsError, match="same id"):
        parse_listed(json.dumps({"credentials": [entry, entry]}).encode(), "p")


# -- what is noted

RECORD = Record("exec", "7", "2027-01-31T00:00:00+00:00", "6")


def test_a_record_reads_back() -> None:
    records = {"h:5000": RECORD, "g": Record("brought")}
    assert parse_records(format_records(records)) == records


@pytest.mark.parametrize("value", [None, "", "x", "[]", "5", '{"h": 5}'])
def test_what_is_no_record_says_nothing(value: str | None) -> None:
    assert parse_records(value) == {}


def plain() -> Manifest:
    return PullSecret("clusters/prod", "flux-system", "regcred", {"h": OLD}).manifest("s.yaml")


def test_a_record_is_one_line_more_and_each_other_byte_stays() -> None:
    before = plain()
    after = with_records(before, {"h"}, {"h": RECORD})
    assert records_in(after) == {"h": RECORD}
    lines = after.content.splitlines()
    assert [
        line for line in lines if b"rotation-records" not in line
    ] == before.content.splitlines()


def test_a_record_goes_when_its_credential_changes_otherwise() -> None:
    noted = with_records(plain(), {"h", "g"}, {"h": RECORD, "g": RECORD})
    assert records_in(with_records(noted, {"h"}, {})) == {"g": RECORD}
    assert with_records(noted, set(), {}) is noted
