"""Arithmetic over series: `(A + B) / C * 100`.

Letters are series, + - * / and parentheses have their school meaning, and nothing else exists. A null
operand makes the result null, and so does a division by zero or a result that is no finite number.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yunying.base.errors import msg
from yunying.engine.reading import Node

__all__ = ["Formula", "parse_formula"]

Number = int | float | None
_MAX_LENGTH = 300
_MAX_DEPTH = 30
_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?|\.[0-9]+)|([A-Za-z]+)|([-+*/()]))")
_DO: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """`steps` is the formula in postfix order: numbers, letters and operators (`~` is the negative sign)."""

    text: str
    steps: tuple[int | float | str, ...]

    @property
    def letters(self) -> frozenset[str]:
        """The series the formula reads."""
        return frozenset(step for step in self.steps if isinstance(step, str) and step.isalpha())

    def value(self, operands: Mapping[str, Number]) -> Number:
        """The result for one bucket or total; `operands` has every letter."""
        stack: list[Number] = []
        for step in self.steps:
            if not isinstance(step, str):
                stack.append(step)
            elif step.isalpha():
                stack.append(operands[step])
            elif step == "~":
                top = stack.pop()
                stack.append(None if top is None else -top)
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(_apply(step, left, right))
        return stack[0]


def _apply(op: str, left: Number, right: Number) -> Number:
    if left is None or right is None or (op == "/" and right == 0):
        return None
    try:
        result = _DO[op](left, right)
        return result if math.isfinite(result) else None
    except OverflowError:
        return None


def parse_formula(node: Node | None, letters: Sequence[str]) -> Formula | None:
    """Read a formula over the series `letters`. Raises InvalidInput that says what is wrong and where."""
    if node is None:
        return None
    text = node.text(most=_MAX_LENGTH).strip()
    steps = _Parser(node, text, letters).steps()
    return Formula(text, steps)


class _Parser:
    """Recursive descent: sum = product {(+|-) product}; product = sign {(*|/) sign}; sign = [+-] sign | atom."""

    def __init__(self, node: Node, text: str, letters: Sequence[str]) -> None:
        self._node, self._letters = node, tuple(letters)
        self._tokens = self._split(text)
        self._at = 0
        self._out: list[int | float | str] = []

    def steps(self) -> tuple[int | float | str, ...]:
        self._sum(0)
        if self._at < len(self._tokens):
            self._wrong()
        return tuple(self._out)

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                self._node.fail(
                    "formula.character",
                    msg("%(character)s cannot stand in a formula. Use letters, numbers, + - * / and parentheses."),
                    character=text[at:].strip()[:1],
                )
            tokens.append(match[0].strip())
            at = match.end()
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _sum(self, depth: int) -> None:
        self._chain(depth, "+-", self._product)

    def _product(self, depth: int) -> None:
        self._chain(depth, "*/", self._sign)

    def _chain(self, depth: int, ops: str, part: Callable[[int], None]) -> None:
        part(depth)
        while self._peek() and self._peek() in ops:
            op = self._take()
            part(depth)
            self._out.append(op)

    def _sign(self, depth: int) -> None:
        if depth > _MAX_DEPTH:
            self._node.fail("formula.too_deep", msg("The formula is nested too deeply. Simplify it."))
        if self._peek() and self._peek() in "+-":
            negative = self._take() == "-"
            self._sign(depth + 1)
            if negative:
                self._out.append("~")
        else:
            self._atom(depth)

    def _atom(self, depth: int) -> None:
        token = self._take()
        if token == "(":
            self._sum(depth + 1)
            if self._take() != ")":
                self._node.fail("formula.parenthesis", msg("A parenthesis in the formula is not closed."))
        elif token.isalpha():
            self._letter(token.upper())
        elif token and token not in "+-*/)":
            self._out.append(float(token) if "." in token else int(token))
        else:
            self._at -= 1
            self._wrong()

    def _letter(self, letter: str) -> None:
        if letter not in self._letters:
            self._node.fail(
                "formula.unknown_series",
                msg("%(letter)s is not a series of this question; a formula can only use %(letters)s."),
                letter=letter[:20],
                letters=", ".join(self._letters),
            )
        self._out.append(letter)

    def _wrong(self) -> None:
        token = self._peek()
        if token:
            self._node.fail("formula.unexpected", msg("The formula cannot be read at %(token)s."), token=token[:20])
        self._node.fail("formula.unfinished", msg("The formula ends too early."))
