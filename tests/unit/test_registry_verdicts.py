"""What a registry asks for, where its credential may go, and what its answers prove."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_secrets.core.registry.challenge import Challenge, find_challenge, parse_challenges
from gitops_secrets.core.registry.image import Image, parse_image
from gitops_secrets.core.registry.realm import (
    Origin,
    RealmProblem,
    Trust,
    judge_realm,
    parse_hosts,
    parse_origin,
)
from gitops_secrets.core.registry.verdict import (
    Answer,
    Attempt,
    Observed,
    Password,
    Reason,
    Verdict,
    judge,
    wants_stranger,
)
from gitops_secrets.errors import UsageError

BEARER = 'Bearer realm="https://r.example.com/token",service="r",scope="repository:a/b:pull,push"'


def test_a_challenge_with_commas_in_quotes() -> None:
    (found,) = parse_challenges([BEARER])
    assert found == Challenge(
        "bearer",
        {
            "realm": "https://r.example.com/token",
            "service": "r",
            "scope": "repository:a/b:pull,push",
        },
    )


@pytest.mark.parametrize(
    "headers",
    [[BEARER, 'Basic realm="r"'], [f'{BEARER}, Basic realm="r"'], ['Basic realm="r"', BEARER]],
)
def test_two_challenges_in_one_header_or_in_two(headers: list[str]) -> None:
    found = parse_challenges(headers)
    assert sorted(c.scheme for c in found) == ["basic", "bearer"]
    basic = find_challenge(found, "basic")
    assert basic is not None
    assert basic.parameters == {"realm": "r"}


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ("", []),
        (" , ,", []),
        ("Negotiate", ["negotiate"]),
        ("Negotiate abc==, BEARER realm = x", ["negotiate", "bearer"]),
        ('Basic realm="unfinished', ["basic"]),
        ('realm="of nothing"', []),
        ('Basic realm="a \\"b\\" c", charset=UTF-8', ["basic"]),
    ],
)
def test_what_is_no_challenge_is_passed_over(header: str, schemes: list[str]) -> None:
    assert [c.scheme for c in parse_challenges([header])] == schemes


@given(st.lists(st.text(max_size=200), max_size=4))
def test_no_header_is_too_strange_to_be_read(headers: list[str]) -> None:
    assert all(c.scheme == c.scheme.lower() for c in parse_challenges(headers))


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("alpine", Image("docker.io", "library/alpine", "latest")),
        ("team/app:1", Image("docker.io", "team/app", "1")),
        ("docker.io/alpine:3", Image("docker.io", "library/alpine", "3")),
        ("r.example.com:5000/a/b/c:v1", Image("r.example.com:5000", "a/b/c", "v1")),
        ("localhost/app", Image("localhost", "app", "latest")),
        (f"ghcr.io/a/b:1@sha256:{'0' * 64}", Image("ghcr.io", "a/b", f"sha256:{'0' * 64}")),
    ],
)
def test_an_image_by_its_name(name: str, image: Image) -> None:
    assert parse_image(name) == image


@pytest.mark.parametrize(
    "name",
    [
        *("", "r.example.com/../v2", "r.example.com/a?b", "r.example.com/A", "r.example.com/a:b c"),
        *(
            "r.example.com/a@sha256:short",
            "*.example.com/a",
            "r.example.com/a#b",
            "a@b.example.com/x",
        ),
        *("r.example.com/", "r.example.com/a/", "r.example.com/a:-tag", "${IMAGE}"),
    ],
)
def test_what_is_no_image_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        parse_image(name)


REGISTRY = Origin("https", "r.example.com", 443)


@pytest.mark.parametrize(
    ("realm", "problem"),
    [
        ("https://r.example.com/token", None),
        ("https://R.example.com:443/token?a=b", None),
        ("https://r.example.com:8443/token", RealmProblem.ELSEWHERE),
        ("https://auth.example.com/token", RealmProblem.ELSEWHERE),
        ("https://r.example.com.evil.example/token", RealmProblem.ELSEWHERE),
        ("http://r.example.com/token", RealmProblem.WITHOUT_TLS),
        ("https://r.example.com@evil.example/token", RealmProblem.INVALID),
        ("https://evil.example\\@r.example.com/token", RealmProblem.INVALID),
        ("https://r.example.com\t/token", RealmProblem.INVALID),
        ("https://r.example.com:port/", RealmProblem.INVALID),
        ("//r.example.com/token", RealmProblem.INVALID),
        ("file:///etc/passwd", RealmProblem.INVALID),
        ("", RealmProblem.INVALID),
    ],
)
def test_a_credential_goes_to_the_registrys_own_origin(
    realm: str, problem: RealmProblem | None
) -> None:
    assert judge_realm(realm, REGISTRY, Trust()) is problem


def test_what_the_user_named_may_have_the_credential() -> None:
    named = Trust(realms=frozenset({"auth.example.com", "auth.example.com:8080"}))
    assert judge_realm("https://auth.example.com/token", REGISTRY, named) is None
    plain = judge_realm("http://auth.example.com:8080/token", REGISTRY, named)
    assert plain is RealmProblem.WITHOUT_TLS
    both = named._replace(plain=frozenset({"auth.example.com:8080"}))
    assert judge_realm("http://auth.example.com:8080/token", REGISTRY, both) is None


def test_docker_hubs_realm_is_known_and_over_tls_only() -> None:
    hub = Origin("https", "registry-1.docker.io", 443)
    assert judge_realm("https://auth.docker.io/token", hub, Trust()) is None
    assert judge_realm("http://auth.docker.io/token", hub, Trust()) is RealmProblem.WITHOUT_TLS
    elsewhere = judge_realm("https://auth.docker.io/token", REGISTRY, Trust())
    assert elsewhere is RealmProblem.ELSEWHERE


@pytest.mark.parametrize("value", ["a b", "*.example.com", "r.example.com/path", "", "u:p@host"])
def test_a_host_is_no_more_than_a_host(value: str) -> None:
    with pytest.raises(UsageError):
        parse_hosts([value], "--realm")


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:1/", True),
        ("https://10.1.2.3/", True),
        ("https://[fe80::1]/", True),
        ("https://[2001:4860::1]/", False),
        ("https://8.8.8.8/", False),
        ("https://localhost/", False),
    ],
)
def test_private_addresses_are_those_that_are_written_as_such(url: str, private: bool) -> None:
    origin = parse_origin(url)
    assert origin is not None
    assert origin.is_private_address is private


PULLED = Answer(200, is_manifest=True)
BASIC = (Challenge("basic", {}),)
TOKENS = (Challenge("bearer", {}),)
CLOSED = Answer(401, TOKENS, is_registry=True)
ABSENT = Answer(404, is_registry=True)
PRIVATE = Attempt(CLOSED, Answer(200))


def with_token(manifest: Answer, realm: int = 200) -> Attempt:
    return Attempt(manifest, Answer(realm), has_token=realm == 200)


@pytest.mark.parametrize(
    ("seen", "judgement"),
    [
        # Harbor: a wrong secret gets a token that can do nothing, and /v2/ alone tells it.
        (
            Observed(PRIVATE, with_token(CLOSED), CLOSED, Answer(401, BASIC)),
            (Verdict.REFUSED, Reason.WRONG_PASSWORD, Password.REFUSED),
        ),
        (
            Observed(PRIVATE, with_token(CLOSED), CLOSED, Answer(200)),
            (Verdict.REFUSED, Reason.NO_PERMISSION, Password.ACCEPTED),
        ),
        # Harbor: with that token a public image is pulled.
        (
            Observed(with_token(PULLED), with_token(PULLED), CLOSED, Answer(401, BASIC)),
            (Verdict.REFUSED, Reason.WRONG_PASSWORD, Password.REFUSED),
        ),
        (
            Observed(with_token(PULLED), with_token(PULLED), CLOSED, Answer(200)),
            (Verdict.PUBLIC, Reason.PUBLIC_IMAGE, Password.ACCEPTED),
        ),
        # ghcr.io: a credential that was revoked makes even public images fail.
        (
            Observed(with_token(PULLED), with_token(CLOSED, realm=403), CLOSED, CLOSED),
            (Verdict.REFUSED, Reason.NOT_TOLD, Password.NOT_TOLD),
        ),
        # Keycloak: a request for a token without a credential is answered with 400, whatever the image. That
        # not everybody gets a token is seen by a user that does not exist.
        (
            Observed(with_token(CLOSED, realm=400), with_token(PULLED), stranger=Answer(401)),
            (Verdict.PROVEN, Reason.PULLED, Password.ACCEPTED),
        ),
        (
            Observed(with_token(CLOSED, realm=400), with_token(PULLED), stranger=Answer(200)),
            (Verdict.UNPROVEN, Reason.REALM_FAILED, Password.NOT_TOLD),
        ),
        (
            Observed(with_token(CLOSED, realm=400), with_token(PULLED)),
            (Verdict.UNPROVEN, Reason.REALM_FAILED, Password.NOT_TOLD),
        ),
        # The token server failed while it was asked without a credential: nothing is known of the image.
        (
            Observed(with_token(CLOSED, realm=429), with_token(PULLED)),
            (Verdict.UNPROVEN, Reason.RATE_LIMITED, Password.NOT_TOLD),
        ),
        (
            Observed(with_token(CLOSED, realm=503), with_token(PULLED)),
            (Verdict.UNPROVEN, Reason.SERVER_ERROR, Password.NOT_TOLD),
        ),
        (
            Observed(Attempt(CLOSED, Answer(200), has_token=False), with_token(PULLED)),
            (Verdict.UNPROVEN, Reason.REALM_FAILED, Password.NOT_TOLD),
        ),
        # Quay: an image that does not exist is refused like one without a right.
        (
            Observed(PRIVATE, with_token(CLOSED), CLOSED, CLOSED, Answer(401)),
            (Verdict.REFUSED, Reason.NO_PERMISSION, Password.ACCEPTED),
        ),
        (
            Observed(PRIVATE, with_token(CLOSED), CLOSED, CLOSED, Answer(200)),
            (Verdict.REFUSED, Reason.NOT_TOLD, Password.NOT_TOLD),
        ),
        # Amazon ECR: 403 with its reason.
        (
            Observed(
                Attempt(Answer(401, BASIC)),
                Attempt(Answer(403, is_registry=True, is_expired=True)),
                CLOSED,
                Answer(403),
            ),
            (Verdict.REFUSED, Reason.EXPIRED, Password.ACCEPTED),
        ),
        # Docker Hub: the limit is no word on the credential.
        (
            Observed(PRIVATE, with_token(Answer(429))),
            (Verdict.UNPROVEN, Reason.RATE_LIMITED, Password.NOT_TOLD),
        ),
        (
            Observed(PRIVATE, with_token(CLOSED, realm=503)),
            (Verdict.UNPROVEN, Reason.SERVER_ERROR, Password.NOT_TOLD),
        ),
        (
            Observed(PRIVATE, Attempt(CLOSED, Answer(200), has_token=False), CLOSED, CLOSED),
            (Verdict.UNPROVEN, Reason.REALM_FAILED, Password.NOT_TOLD),
        ),
        # A web server that is no registry: it has a page for everything, or for nothing.
        (
            Observed(Attempt(Answer(200)), None, Answer(200)),
            (Verdict.UNPROVEN, Reason.NOT_A_REGISTRY, Password.NOT_TOLD),
        ),
        (
            Observed(Attempt(Answer(404)), None, Answer(404)),
            (Verdict.UNPROVEN, Reason.NOT_A_REGISTRY, Password.NOT_TOLD),
        ),
        (
            Observed(Attempt(ABSENT), None, Answer(200, is_registry=True)),
            (Verdict.UNPROVEN, Reason.NO_SUCH_IMAGE, Password.NOT_TOLD),
        ),
    ],
)
def test_what_registries_answer_is_judged_as_it_is_meant(
    seen: Observed, judgement: tuple[Verdict, Reason, Password]
) -> None:
    assert judge(seen) == judgement


def test_a_stranger_is_sent_only_where_nothing_else_tells() -> None:
    assert wants_stranger(Observed(PRIVATE, with_token(CLOSED), CLOSED, CLOSED))
    assert not wants_stranger(Observed(PRIVATE, with_token(CLOSED), CLOSED, Answer(200)))
    assert not wants_stranger(Observed(PRIVATE, with_token(CLOSED, realm=401), CLOSED, CLOSED))
    assert not wants_stranger(Observed(PRIVATE, with_token(PULLED), CLOSED, CLOSED))


STATUSES = st.sampled_from([200, 301, 400, 401, 403, 404, 405, 429, 500])
ANSWERS = st.builds(
    Answer,
    STATUSES,
    st.sampled_from([(), BASIC, TOKENS, BASIC + TOKENS]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
ATTEMPTS = st.builds(Attempt, ANSWERS, st.none() | ANSWERS, st.booleans())


@given(
    st.builds(
        Observed,
        ATTEMPTS,
        st.none() | ATTEMPTS,
        st.none() | ANSWERS,
        st.none() | ANSWERS,
        st.none() | ANSWERS,
    )
)
def test_nothing_is_proven_but_by_a_pull_that_fails_without_the_credential(seen: Observed) -> None:
    found = judge(seen)
    if found.verdict is Verdict.PROVEN:
        assert seen.credential is not None
        assert seen.credential.manifest.is_pull
        assert not seen.anonymous.manifest.is_pull
        realm, stranger = seen.anonymous.realm, seen.stranger
        if realm is not None and not seen.anonymous.has_token and realm.status not in (401, 403):
            assert stranger is not None
            assert stranger.status in (401, 403)
