"""What differs in the values of two versions of an encrypted file that have one MAC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.verify.checks import dotted, found
from gitops_secrets.core.verify.items import Empty, Item, Key, empties_of, items_of
from gitops_secrets.core.verify.objects import objects_of
from gitops_secrets.core.verify.structure import choice_of
from gitops_secrets.core.verify.version import Origins, Version, restore
from gitops_secrets.core.yamltext.nodes import Path, Position, position


def value_change(
    before: Version, after: Version, was: list[Item], now: list[Item], origins: Origins
) -> Finding:
    """Return the first that differs between *was* and *now*, the values that the MAC of both versions is over."""
    old = {item.key: item for item in was}
    changed = next((i for i in now if i.key not in old or old[i.key].content != i.content), None)
    present = {item.key for item in now}
    gone = next((i for i in was if i.key not in present), None)
    where = f"the MAC is still that of {before.place}"
    if changed is None:
        key = gone.key[1] if gone is not None else ()
        what = (
            f"{dotted(key)} was removed"
            if gone is not None
            else "the order of its values was changed"
        )
        place = after.file.place_of_block("mac")
        return found(
            "tampered", after.file.path, place, f"{what} by other hands than sops': {where}",
            key=key, fix=restore(before, after),
        )  # fmt: skip
    key = changed.key[1]
    first = old.get(changed.key)
    if changed.encrypted:
        other = f"{dotted(key)} has another ciphertext" if first else f"{dotted(key)} was added"
        what = _origin(before, after, changed, origins) or other
    elif first is not None and first.encrypted:
        what = f"{dotted(key)} was encrypted, and is readable"
    else:
        verb = "edited" if first is not None else "added"
        what = f"{dotted(key)} was {verb} by hand"
    return found(
        "tampered",
        after.file.path,
        changed.position,
        f"{what}, and not by sops: {where}",
        key=key,
        fix=restore(before, after),
    )


def _origin(before: Version, after: Version, item: Item, origins: Origins) -> str | None:
    """Return where the ciphertext of *item* was taken from, if that is known."""
    key = item.key[1]
    for path, other, commit in origins.get(item.content.decode(), ()):
        if path == after.file.path and other == key:
            if commit and commit not in (after.commit, before.commit):
                return f"{dotted(key)} was rolled back to the ciphertext of commit {commit[:12]}"
            continue
        where = "" if path == after.file.path else f" of {path}"
        return f"{dotted(key)} has the ciphertext of {dotted(other)}{where}"
    return None


def respelled(before: Version, after: Version) -> Iterator[Finding]:
    """Yield the ciphertexts of the same name that were edited: their type and their spelling no MAC covers."""
    old = {item.key: item for item in items_of(before.file)}
    for item in items_of(after.file):
        first = old.get(item.key)
        if first is None or not item.encrypted or first.spelling == item.spelling:
            continue
        if first.encrypted and first.content == item.content:
            what = f"{dotted(item.key[1])} has its ciphertext edited in place, or the type of it"
            yield _tampered(before, after, item.key[1], item.position, what)


def empty_changes(
    before: Version, after: Version, skipped: Collection[Key], *, is_told: bool
) -> Iterator[Finding]:
    """Yield the first place that holds nothing and is new, gone or another nothing; *skipped* do not count.

    With *is_told*, values that were emptied or filled are reported already.
    """
    old, new = empties_of(before.file), empties_of(after.file)
    was, now = (_prefixes(item.key for item in items_of(v.file)) for v in (before, after))
    for key, empty in new.items():
        first = old.get(key)
        if key in skipped or (first is not None and first.sort == empty.sort):
            continue
        if first is not None or not (is_told and key in was):
            verb = "changed" if first is not None or key in was else "added"
            what = f"{dotted(key[1]) or 'a document'} is empty, and was {verb}"
            yield _tampered(before, after, key[1], empty.position, what)
            return
    for key in old:
        if key not in new and key not in skipped and not (is_told and key in now):
            place = after.file.place_of_block("mac")
            verb = "filled" if key in now else "removed"
            what = f"{dotted(key[1]) or 'a document'} was empty, and was {verb}"
            yield _tampered(before, after, key[1], place, what)
            return


def left_readable(version: Version) -> frozenset[Key]:
    """Return the places of *version* that its rule leaves readable, empty or not."""
    metadata = version.file.metadata
    if metadata is None:
        return frozenset()
    choice = choice_of(metadata)
    keys = [*empties_of(version.file), *(i.key for i in items_of(version.file) if not i.encrypted)]
    return frozenset(
        key for key in keys if not choice.encrypts([k for k in key[1] if isinstance(k, str)])
    )


def readable_changes(before: Version, after: Version) -> Iterator[Finding]:
    """Yield what was changed of that which a MAC over the encrypted values alone leaves out.

    Whole objects are tampered with: who chose such a MAC did it to edit the readable fields of encrypted ones.
    """
    was = Counter(held.name for held in objects_of(before.file) if held.is_readable)
    readable = [held for held in objects_of(after.file) if held.is_readable]
    added = list((Counter(held.name for held in readable) - was).elements())
    gone = list((was - Counter(held.name for held in readable)).elements())
    if added:
        held = next(held for held in readable if held.name == added[0])
        what = f"{added[0] or 'a document'}, which is readable as a whole, was added"
        yield _tampered(before, after, (), position(held.node), what)._replace(object_name=added[0])
    elif gone:
        what = f"{gone[0] or 'a document'}, which was readable as a whole, was removed"
        yield _tampered(before, after, (), after.file.place_of_block("mac"), what)
    if added or gone:
        return
    old, new = (_readable(version) for version in (before, after))
    changed = [key for key in new if key not in old or old[key][0] != new[key][0]]
    changed += [key for key in old if key not in new]
    if changed:
        first = changed[0]
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        yield found(
            "readable-change",
            after.file.path,
            new[first][1].position if first in new else after.file.place_of_block("mac"),
            f"{dotted(first[1])}{more} changed since {before.place}, which the MAC does not cover: "
            "it is over the encrypted values alone",
            key=first[1],
        )


def _readable(version: Version) -> Mapping[Key, tuple[bytes, Item | Empty]]:
    readable = left_readable(version)
    found: dict[Key, tuple[bytes, Item | Empty]] = {}
    for item in items_of(version.file):
        if not item.encrypted and item.key in readable:
            found[item.key] = item.content, item
    for key, empty in empties_of(version.file).items():
        if key in readable:
            found[key] = b"", empty
    return found


def _prefixes(keys: Iterator[Key]) -> frozenset[Key]:
    """Return the places at or above *keys*."""
    return frozenset((n, path[:length]) for n, path in keys for length in range(len(path) + 1))


def _tampered(before: Version, after: Version, key: Path, where: Position, what: str) -> Finding:
    return found(
        "tampered",
        after.file.path,
        where,
        f"{what}, and not by sops: the MAC, which does not cover that, is still that of {before.place}",
        key=key,
        fix=restore(before, after),
    )
