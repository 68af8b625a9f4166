"""Whether credentials pull: several registries at once, each within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gitops_secrets.adapters.http import Client, open_client
from gitops_secrets.adapters.registries.pull import Prober, StoppedError
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image, endpoint_of
from gitops_secrets.core.registry.proof import Means, Proof
from gitops_secrets.core.registry.reference import Registry
from gitops_secrets.core.registry.verdict import (
    Judgement,
    Reason,
    Verdict,
    judge,
    judge_without_image,
)
from gitops_secrets.core.veiled import Veiled

_AT_ONCE = 32
"""How many registries are asked at once."""
_MOST_IMAGES = 3
"""How many images of one registry are tried before it is said that none tells anything."""


class Question(Veiled):
    """A credential of one registry, and the images by which it can be proven."""

    __slots__ = ("credentials", "images", "key")

    def __init__(self, key: str, credentials: Credentials, images: tuple[Image, ...]) -> None:
        self.key = key
        self.credentials = credentials
        self.images = images
        """In the order in which they are tried; all are in the registry, or the user named them."""


def prove(questions: Sequence[Question], means: Means) -> list[Proof]:
    """Return what the registries say of each credential, in the order of *questions*."""
    return asyncio.run(_prove_all(questions, means))


async def _prove_all(questions: Sequence[Question], means: Means) -> list[Proof]:
    turn = asyncio.Semaphore(_AT_ONCE)
    async with open_client(means.ca_file, means.patience) as client:

        async def in_turn(question: Question) -> Proof:
            async with turn:
                return await _prove(client, question, means)

        return list(await asyncio.gather(*map(in_turn, questions)))


async def _prove(client: Client, question: Question, means: Means) -> Proof:
    proof = None
    for image in question.images[:_MOST_IMAGES]:
        proof = await _ask(client, question, image, means)
        if not proof.judgement.asks_for_another:
            break
    return proof or await _ask(client, question, None, means)


async def _ask(client: Client, question: Question, image: Image | None, means: Means) -> Proof:
    user, name = shown_user(question.credentials), image.name if image is not None else None
    host = Registry(question.key).host
    if image is None and "*" in host:
        return Proof(question.key, user, None, Judgement(Verdict.UNPROVEN, Reason.NO_IMAGE))
    endpoint = image.endpoint if image is not None else endpoint_of(host)
    prober = Prober(client, endpoint, means.trust, means.patience)
    words = ""
    try:
        async with asyncio.timeout(means.patience):
            if image is None:
                judgement = judge_without_image(await prober.observe_password(question.credentials))
            else:
                judgement = judge(await prober.observe(image, question.credentials))
        words = prober.limited if judgement.reason is Reason.RATE_LIMITED else ""
    except TimeoutError:
        judgement = Judgement(Verdict.UNPROVEN, Reason.TIMED_OUT)
    except StoppedError as error:
        judgement, words = Judgement(Verdict.UNPROVEN, error.reason), error.words
    private, allowance = prober.realm_is_private, prober.allowance
    return Proof(question.key, user, name, judgement, words, private, allowance)
