"""The trees that expressions are parsed into, and the reading of tokens, paths and operands.

Names (#name) are replaced while parsing; values (:value) stay references, because the tree is
kept for many calls with different values.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from tests.fakes.paths import Path
from tests.fakes.refusals import RefusalError
from tests.fakes.reserved import RESERVED_WORDS

# Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
EXPRESSION_BYTES_MAX = 4096

Names = tuple[tuple[str, str], ...]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<alias>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)|(?P<sign><=|>=|<>|[-+=<>()\[\],.]))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class PathNode:
    """An attribute of the item."""

    path: Path


@dataclass(frozen=True, slots=True)
class ValueNode:
    """A value given with the call."""

    name: str


@dataclass(frozen=True, slots=True)
class FunctionNode:
    """A function call; which functions may stand where is decided later."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class OperatorNode:
    """A comparison, BETWEEN, IN, AND, OR, NOT, + or -."""

    name: str
    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class GroupNode:
    """Something in parentheses; kept because DynamoDB refuses redundant ones."""

    inner: "Node"


Node = PathNode | ValueNode | FunctionNode | OperatorNode | GroupNode


class Token(NamedTuple):
    """One token: its kind (name, alias, value, number, sign, end) and its text."""

    kind: str
    text: str


END = Token("end", "<EOF>")


class TokenReader:
    """Walks over the tokens of one expression and collects the names and values it uses."""

    def __init__(self, text: str, names: Names) -> None:
        if len(text.encode()) > EXPRESSION_BYTES_MAX:
            raise RefusalError(
                "Expression size has exceeded the maximum allowed size; expression size: "
                f"{len(text.encode())}"
            )
        if not text.strip():
            raise RefusalError("The expression can not be empty;")
        self._tokens = _tokens(text)
        self._at = 0
        self._names = dict(names)
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()

    def peek(self, ahead: int = 0) -> Token:
        """Return a coming token without taking it."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else END

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.peek()
        self._at += 1
        return token

    def skip(self, sign: str) -> bool:
        """Take the next token if it is this sign."""
        if self.peek() == ("sign", sign):
            self._at += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        """Take this sign or refuse the expression."""
        if not self.skip(sign):
            self.fail()

    def skip_word(self, word: str) -> bool:
        """Take the next token if it is this keyword, in any case."""
        kind, text = self.peek()
        if kind == "name" and text.upper() == word:
            self._at += 1
            return True
        return False

    def expect_end(self) -> None:
        """Refuse the expression unless all of it was read."""
        if self.peek() is not END:
            self.fail()

    def fail(self) -> NoReturn:
        """Refuse the expression at the present token."""
        before = max(0, self._at - 1)
        near = " ".join(token.text for token in self._tokens[before : self._at + 2])
        raise RefusalError(f'Syntax error; token: "{self.peek().text}", near: "{near}"')

    def path(self) -> Path:
        """Read a document path."""
        parts: list[str | int] = [self._attribute()]
        while True:
            if self.skip("."):
                parts.append(self._attribute())
            elif self.skip("["):
                if self.peek().kind != "number":
                    self.fail()
                parts.append(int(self.take().text))
                self.expect("]")
            else:
                return tuple(parts)

    def _attribute(self) -> str:
        kind, text = self.peek()
        if kind == "alias":
            self.take()
            return self._resolve(text)
        if kind != "name":
            self.fail()
        if text.upper() in RESERVED_WORDS:
            raise RefusalError(f"Attribute name is a reserved keyword; reserved keyword: {text}")
        return self.take().text

    def _resolve(self, alias: str) -> str:
        self.used_names.add(alias)
        if alias not in self._names:
            raise RefusalError(
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {alias}"
            )
        return self._names[alias]

    def value(self) -> ValueNode:
        """Read a reference to a value."""
        if self.peek().kind != "value":
            self.fail()
        name = self.take().text
        self.used_values.add(name)
        return ValueNode(name)

    def operand(self, argument: Callable[[], Node]) -> Node:
        """Read a value, a function call or a path; `argument` reads what functions are given."""
        kind, text = self.peek()
        if kind == "value":
            return self.value()
        if kind == "name" and self.peek(1) == ("sign", "("):
            self.take()
            self.take()
            return FunctionNode(text, self._arguments(argument))
        return PathNode(self.path())

    def _arguments(self, argument: Callable[[], Node]) -> tuple[Node, ...]:
        arguments = [argument()]
        while self.skip(","):
            arguments.append(argument())
        self.expect(")")
        return tuple(arguments)


def _tokens(text: str) -> list[Token]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise RefusalError(f'Syntax error; token: "{text[at]}", near: "{text[at : at + 8]}"')
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def bare(node: Node) -> Node:
    """Return a node without the parentheses around it."""
    while isinstance(node, GroupNode):
        node = node.inner
    return node
