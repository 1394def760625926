"""Reads a formula into small functions: precedence climbing, within bounds, one method per rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from hub.mapping import paths
from hub.mapping.formula_calls import Node, Part, several, transformed
from hub.mapping.formula_tokens import FormulaError, Token, tokens, unquoted
from hub.mapping.formula_work import (
    BINARY,
    FUNCTIONS,
    Work,
    choose,
    each,
    flat,
    negative,
    spread,
    truth,
)
from hub.mapping.template import Origin, look_up, origin_of
from hub.mapping.transforms import ArgumentError, Registry
from hub.mapping.values import ValueProblem, number_of, same

MAX_NODES: Final = 300
MAX_DEPTH: Final = 40
_WORDS: Final = frozenset({"and", "or", "not", "if", "else", "in", "true", "false", "none"})
_LITERALS: Final[dict[str, Any]] = {"true": True, "false": False, "none": None}
_INSTEAD: Final = {
    "=": "write == to compare",
    "<>": "write != for differs",
    "&&": "write and",
    "||": "write or",
    "!": "write not",
    "?": "write: a if condition else b",
}
_BINDING: Final = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not"), 4),
    "&": 5,
    **dict.fromkeys(("+", "-"), 6),
    **dict.fromkeys(("*", "/", "//", "%"), 7),
    "**": 9,
}
_UNARY: Final = 8


@dataclass(frozen=True, slots=True)
class Use:
    """A path that a formula reads, and where it looks for it."""

    origins: tuple[Origin, ...]
    path: paths.Path


class Parser:
    """Precedence climbing over the tokens; every rule of the language is one method."""

    def __init__(self, text: str, transforms: Registry) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.transforms = transforms
        self.nodes = 0
        self.nesting = 0
        self.uses: list[Use] = []
        self.functions: list[str] = []

    # ---- moving along

    @property
    def now(self) -> Token:
        """The token that is next."""
        return self.tokens[self.at]

    def takes(self, text: str, kind: str = "op") -> bool:
        """Whether the next token is this one; then it is taken."""
        if self.now.kind == kind and self.now.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str, what: str) -> None:
        """Take a token that must be there."""
        if not self.takes(text):
            self.unexpected(what)

    def unexpected(self, wanted: str) -> NoReturn:
        """Refuse the next token."""
        token = self.now
        if token.kind == "end":
            raise FormulaError(f"the formula ends where {wanted} is expected", token.at)
        hint = _INSTEAD.get(token.text)
        raise FormulaError(
            f"unexpected {token.text!r}" + (f"; {hint}" if hint else f", {wanted} is expected"),
            token.at,
        )

    def made(self, run: Node, *inside: Part, text: bool = False) -> Part:
        """A new part over others, within the bounds."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise FormulaError(f"the formula has more than {MAX_NODES} parts")
        depth = 1 + max((part.depth for part in inside), default=0)
        if depth > 3 * MAX_DEPTH:
            raise FormulaError("the formula has too many steps in a row; use sum, join or brackets")
        return Part(run, text=text, depth=depth)

    # ---- the language

    def whole(self) -> Part:
        """All of it."""
        if self.now.kind == "end":
            raise FormulaError("the formula is empty")
        part = self.choice()
        if self.now.kind != "end":
            self.unexpected("an operator")
        return part

    def choice(self) -> Part:
        """`a if condition else b`"""
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise FormulaError(f"the formula is nested more than {MAX_DEPTH} deep", self.now.at)
        part = self.either()
        if self.takes("if", "name"):
            condition = self.either()
            if not self.takes("else", "name"):
                self.unexpected("else")
            part = self._choice(part, condition, self.choice())
        self.nesting -= 1
        return part

    def _choice(self, yes: Part, condition: Part, no: Part) -> Part:
        def run(work: Work) -> Any:
            work.spend(1)
            decided = condition.run(work)
            if decided.__class__ is list:
                return choose(work, decided, yes.run(work), no.run(work))
            return yes.run(work) if truth(decided) else no.run(work)

        return self.made(run, yes, condition, no)

    def either(self) -> Part:
        """`a or b`: the first that counts as yes, else the last."""
        part = self.both()
        while self.takes("or", "name"):
            part = self._logic(part, self.both(), lambda value: truth(value))
        return part

    def both(self) -> Part:
        """`a and b`"""
        part = self.negation()
        while self.takes("and", "name"):
            part = self._logic(part, self.negation(), lambda value: not truth(value))
        return part

    def _logic(self, left: Part, right: Part, settles: Callable[[Any], bool]) -> Part:
        def run(work: Work) -> Any:
            work.spend(1)
            value = left.run(work)
            if value.__class__ is list:
                return spread(work, lambda a, b: a if settles(a) else b, value, right.run(work))
            return value if settles(value) else right.run(work)

        return self.made(run, left, right)

    def negation(self) -> Part:
        """`not a`"""
        if not self.takes("not", "name"):
            return self.operators(0)
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise FormulaError(f"the formula is nested more than {MAX_DEPTH} deep", self.now.at)
        part = self.negation()
        self.nesting -= 1
        return self.made(lambda work: each(work, lambda v: not truth(v), part.run(work)), part)

    def operators(self, least: int) -> Part:
        """Everything between comparisons and powers, by how strongly each operator binds."""
        self.nesting += 1
        if self.nesting > 3 * MAX_DEPTH:
            raise FormulaError(f"the formula is nested more than {MAX_DEPTH} deep", self.now.at)
        left = self.unary()
        while True:
            sign = self.now.text if self.now.kind in ("op", "name") else ""
            binding = _BINDING.get(sign, -1)
            if binding < least or (sign == "not" and self.tokens[self.at + 1].text != "in"):
                break
            self.at += 1
            if sign in ("in", "not"):
                if sign == "not":
                    self.at += 1
                left = self.membership(left, negated=sign == "not")
                continue
            right = self.operators(binding if sign == "**" else binding + 1)
            left = self.calculation(sign, left, right)
        self.nesting -= 1
        return left

    def calculation(self, sign: str, left: Part, right: Part) -> Part:
        """Two values and an operator; `+` joins where a text is written out, and adds elsewhere."""
        if sign == "+" and (left.text or right.text):
            sign = "&"
        function, one, other = BINARY[sign], left.run, right.run

        def run(work: Work) -> Any:
            work.spend(1)
            return spread(work, function, one(work), other(work))

        return self.made(run, left, right, text=sign == "&")

    def membership(self, left: Part, *, negated: bool) -> Part:
        """`a in ('NL', 'BE')`, `a in lines[].sku`"""
        choices: list[Part] = []
        if self.takes("("):
            choices.append(self.choice())
            while self.takes(","):
                choices.append(self.choice())
            self.expect(")", "a comma or )")
        else:
            choices.append(self.operators(5))

        def run(work: Work) -> Any:
            known = flat(work, [choice.run(work) for choice in choices])

            def has(value: Any) -> bool:
                work.spend(len(known))
                return any(same(value, one) for one in known) != negated

            return each(work, has, left.run(work))

        return self.made(run, left, *choices)

    def unary(self) -> Part:
        """`-a`"""
        if self.takes("+"):
            return self.operators(_UNARY)
        if not self.takes("-"):
            return self.atom()
        part = self.operators(_UNARY)
        if part.constant:
            value = negative(part.run(Work({})))
            return self.made(lambda _: value)._replace(constant=True)
        return self.made(lambda work: each(work, negative, part.run(work)), part)

    def atom(self) -> Part:
        """A number, a text, a path, a call, or anything in brackets."""
        token = self.now
        if token.kind == "number":
            self.at += 1
            try:
                number = number_of(Decimal(token.text))
            except (ValueProblem, ArithmeticError):
                raise FormulaError(f"{token.text} is too large a number", token.at) from None
            return self.made(lambda _: number)._replace(constant=True)
        if token.kind == "text":
            self.at += 1
            text = unquoted(token.text)
            return self.made(lambda _: text, text=True)._replace(constant=True)
        if token.kind == "name" and token.text.casefold() in _WORDS:
            if token.text.casefold() not in _LITERALS:
                self.unexpected("a value")
            self.at += 1
            value = _LITERALS[token.text.casefold()]
            return self.made(lambda _: value)._replace(constant=True)
        if token.kind == "name":
            self.at += 1
            return self.call(token) if self.takes("(") else self.path(token)
        if not self.takes("("):
            self.unexpected("a value")
        part = self.choice()
        self.expect(")", ")")
        return part

    # ---- paths

    def path(self, token: Token) -> Part:
        """`total`, `source.rows[].tax`, `document.lines[0]."odd name"`"""
        steps: list[paths.Step] = [token.text]
        while True:
            if self.takes("."):
                steps.append(self._name())
            elif self.now.text == "[" and self.now.kind == "op":
                self.at += 1
                steps.append(self._position())
            else:
                break
        origins, path = origin_of(paths.from_steps(tuple(steps)))
        self.uses.append(Use(origins, path))
        return self.made(lambda work: look_up(path, origins, work.records))

    def _name(self) -> str:
        token = self.now
        if token.kind not in ("name", "text"):
            self.unexpected('a name (in "double quotes" when it is an odd one)')
        self.at += 1
        return token.text if token.kind == "name" else unquoted(token.text)

    def _position(self) -> paths.Step:
        if self.takes("]"):
            return paths.EACH
        sign = -1 if self.takes("-") else 1
        token = self.now
        if token.kind != "number" or not token.text.isdigit():
            self.unexpected("a position, as in [0], or []")
        self.at += 1
        self.expect("]", "]")
        if int(token.text) > paths.MAX_INDEX:
            raise FormulaError(f"positions go up to {paths.MAX_INDEX}", token.at)
        return sign * int(token.text)

    # ---- calls

    def call(self, token: Token) -> Part:
        """`round(price, 2)`, `truncate(name, length=30)`; the opening bracket is taken."""
        given: list[Part] = []
        named: dict[str, Part] = {}
        while not self.takes(")"):
            if given or named:
                self.expect(",", "a comma or )")
            ahead = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
            if self.now.kind == "name" and (ahead.kind, ahead.text) == ("op", "="):
                name = self.now.text
                self.at += 2
                if name in named:
                    raise FormulaError(f"{token.text}: {name} is given twice", ahead.at)
                named[name] = self.choice()
            elif named:
                raise FormulaError(f"{token.text}: named arguments come last", self.now.at)
            else:
                given.append(self.choice())
        self.functions.append(token.text)
        known = FUNCTIONS.get(token.text)
        if known is not None:
            count, function, _ = known
            if named or not given or (count is not None and len(given) != count):
                wanted = "one or more values" if count is None else f"{count} value"
                raise FormulaError(f"{token.text} takes {wanted}, without names", token.at)
            return self.made(several(function, given), *given)
        return self.transform(token, given, named)

    def transform(self, token: Token, given: list[Part], named: dict[str, Part]) -> Part:
        """A transform by its name: the value first, then its arguments in order or by name."""
        transform = self.transforms.get(token.text)
        if transform is None:
            names = [*FUNCTIONS, *self.transforms]
            near = difflib.get_close_matches(token.text.casefold(), names, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise FormulaError(f"there is no function {token.text!r}{hint}", token.at)
        if not given:
            raise FormulaError(f"{token.text} needs a value to work on", token.at)
        value, *rest = given
        known = [argument.name for argument in transform.arguments]
        if len(rest) > len(known):
            takes = ", ".join(known) or "none"
            raise FormulaError(f"{token.text} has too many arguments; it knows {takes}", token.at)
        arguments = dict(zip(known, rest, strict=False))
        for name, part in named.items():
            if name in arguments:
                raise FormulaError(f"{token.text}: {name} is given twice", token.at)
            arguments[name] = part
        try:
            run = transformed(transform, value, arguments)
        except ArgumentError as error:
            raise FormulaError(str(error), token.at) from None
        return self.made(run, value, *arguments.values())
