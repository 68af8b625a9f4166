"""Values that hold a secret."""

from __future__ import annotations

from typing import NoReturn

from gitops_secrets.core.run import this_run


class Veiled:
    """A value that holds a secret: it compares by its fields, and is neither shown nor serialised.

    It is not a tuple either: printed, joined or iterated by mistake, a tuple says all that it holds.
    Subclasses name their fields in ``__slots__``.
    """

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a secret, and is not serialised")


def hold(secret: str) -> None:
    """Remember *secret*, in memory, until this run ends: nothing that it says may repeat it."""
    this_run().secrets.add(secret)


def held() -> frozenset[str]:
    """Return the secrets that this run holds."""
    return frozenset(this_run().secrets)
