"""The stages of a rotation, and what has to be done before what.

The order is the safety: the new credential is proven before it is written, and the old one is revoked after
everything that holds it was seen with the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """What a rotation does, in this order."""

    FIND = "find"
    MINT = "mint"
    PROVE = "prove"
    BRIDGE = "bridge"
    SWITCH = "switch"
    PUSH = "push"
    CONFIRM = "confirm"
    PROVE_AGAIN = "prove-again"
    PAUSE = "pause"
    REVOKE = "revoke"
    PROVE_REVOKED = "prove-revoked"


class State(StrEnum):
    """What became of a stage."""

    DONE = "done"
    SKIPPED = "skipped"
    """Left out, because the user said so."""
    WAITING = "waiting"
    """For something outside this run: nothing failed, and the rotation is not complete."""
    FAILED = "failed"


class Step(NamedTuple):
    """A stage, and what became of it in one sentence."""

    stage: Stage
    state: State
    words: str


_CONFIRMED = (Stage.SWITCH, Stage.PUSH, Stage.CONFIRM, Stage.PROVE_AGAIN)
_NEEDED: dict[Stage, tuple[Stage, ...]] = {
    Stage.PROVE: (Stage.FIND, Stage.MINT),
    Stage.BRIDGE: (Stage.MINT, Stage.PROVE),
    Stage.SWITCH: (Stage.MINT, Stage.PROVE),
    Stage.PUSH: (Stage.SWITCH,),
    Stage.CONFIRM: (Stage.SWITCH, Stage.PUSH),
    Stage.PROVE_AGAIN: (Stage.CONFIRM,),
    Stage.PAUSE: _CONFIRMED,
    Stage.REVOKE: _CONFIRMED,
    Stage.PROVE_REVOKED: (Stage.REVOKE,),
}
_MAY_BE_SKIPPED = frozenset({Stage.PROVE, Stage.PROVE_AGAIN})
"""By ``--check never``; no other stage counts as done without being done."""


class Journey:
    """The steps of one run. *tell* is told each as it is made."""

    def __init__(self, tell: Callable[[Step], None] = lambda _: None) -> None:
        self._tell = tell
        self._steps: list[Step] = []

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was done so far."""
        return tuple(self._steps)

    @property
    def is_complete(self) -> bool:
        """Whether the old credential was seen to be refused."""
        return self._is_passed(Stage.PROVE_REVOKED)

    def note(self, stage: Stage, state: State, words: str) -> None:
        """Add a step. Raises ValueError for one whose conditions are not met: such a rotation must not go on."""
        missing = [s.value for s in _NEEDED.get(stage, ()) if not self._is_passed(s)]
        if missing and state is State.DONE:
            raise ValueError(f"{stage} before {', '.join(missing)}")
        self._add(Step(stage, state, words))

    def note_ended(self, words: str) -> None:
        """Note that the old credential is refused already, however that came about."""
        self._add(Step(Stage.PROVE_REVOKED, State.DONE, words))

    def may(self, stage: Stage) -> bool:
        """Return whether all that has to come before *stage* is done."""
        return all(self._is_passed(needed) for needed in _NEEDED.get(stage, ()))

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        self._tell(step)

    def _is_passed(self, stage: Stage) -> bool:
        good = {State.DONE, State.SKIPPED} if stage in _MAY_BE_SKIPPED else {State.DONE}
        return any(step.stage is stage and step.state in good for step in self._steps)
