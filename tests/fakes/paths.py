"""Document paths such as a.b[0]: finding, writing, removing and picking out what they name.

Writing copies the containers along the path and shares the rest with the old item.
"""

from tests.fakes.refusals import InvalidItemError, RefusalError
from tests.fakes.shapes import AttributeValue, Item

Part = str | int
Path = tuple[Part, ...]


def find(item: Item, path: Path) -> AttributeValue | None:
    """Return the value at a path, or None."""
    value: AttributeValue | None = {"M": item}
    for part in path:
        if value is None:
            return None
        value = _child(value, part)
    return value


def _child(value: AttributeValue, part: Part) -> AttributeValue | None:
    child: AttributeValue | None = None
    if isinstance(part, str):
        child = value.get("M", {}).get(part)
    else:
        elements = value.get("L", ())
        child = elements[part] if part < len(elements) else None
    return child


def put_at(item: Item, path: Path, value: AttributeValue) -> None:
    """Set the value at a path of an item that is being built.

    Raises: InvalidItemError if the path's parent is no container of the right kind.
    """
    head = str(path[0])
    item[head] = value if len(path) == 1 else _with(item.get(head), path[1:], value)


def _with(
    container: AttributeValue | None, path: Path, value: AttributeValue | None
) -> AttributeValue:
    """Return a copy of a container in which the path has a new value, or none any more."""
    part, rest = path[0], path[1:]
    if container is None or ("M" if isinstance(part, str) else "L") not in container:
        raise InvalidItemError(
            "The document path provided in the update expression is invalid for update"
        )
    if rest:
        value = _with(_child(container, part), rest, value)
    if isinstance(part, str):
        return {"M": _with_member(container["M"], part, value)}
    return {"L": _with_element(container["L"], part, value)}


def _with_member(members: Item, name: str, value: AttributeValue | None) -> Item:
    changed = {one: member for one, member in members.items() if one != name or value is not None}
    if value is not None:
        changed[name] = value
    return changed


def _with_element(
    elements: list[AttributeValue], at: int, value: AttributeValue | None
) -> list[AttributeValue]:
    # A position behind the end appends; removing behind the end does nothing.
    added = [] if value is None else [value]
    return [*elements[:at], *added, *elements[at + 1 :]]


def remove_at(item: Item, path: Path) -> None:
    """Remove the value at a path of an item that is being built, if there is one.

    Raises: InvalidItemError if the path's parent is no container of the right kind.
    """
    head = str(path[0])
    if len(path) == 1:
        item.pop(head, None)
    else:
        item[head] = _with(item.get(head), path[1:], None)


def pick(item: Item, paths: tuple[Path, ...]) -> Item:
    """Return only what the paths name, in its place; list elements close up in order."""
    picked = _pick({"M": item}, paths)
    members: Item = picked["M"] if picked is not None else {}
    return members


def _pick(value: AttributeValue, paths: tuple[Path, ...]) -> AttributeValue | None:
    if any(not path for path in paths):
        return value
    heads = sorted({path[0] for path in paths}, key=lambda part: (isinstance(part, str), part))
    found: dict[Part, AttributeValue] = {}
    for head in heads:
        child = _child(value, head)
        rest = tuple(path[1:] for path in paths if path[0] == head)
        part = None if child is None else _pick(child, rest)
        if part is not None:
            found[head] = part
    if not found:
        return None
    in_map = isinstance(next(iter(found)), str)
    return {"M": found} if in_map else {"L": list(found.values())}


def check_apart(paths: tuple[Path, ...]) -> None:
    """Refuse two paths of which one contains the other, or which cannot both exist."""
    for at, one in enumerate(paths):
        for other in paths[:at]:
            relation = _relation(other, one)
            if relation:
                raise RefusalError(
                    f"Two document paths {relation} with each other; must remove or rewrite "
                    f"one of these paths; path one: {path_text(other)}, "
                    f"path two: {path_text(one)}"
                )


def _relation(one: Path, other: Path) -> str:
    for left, right in zip(one, other, strict=False):
        if isinstance(left, str) != isinstance(right, str):
            return "conflict"
        if left != right:
            return ""
    return "overlap"


def path_text(path: Path) -> str:
    """Write a path the way DynamoDB's messages do."""
    parts = ", ".join(part if isinstance(part, str) else f"[{part}]" for part in path)
    return f"[{parts}]"
