"""Formulas: `round(price * 1.21, 2)`, `company or name`, `1 if country == 'NL' else 2`.

A formula is read by a parser of its own into small functions, and nothing in it is Python: a name
is a path in a record, a call is one of the transforms or of a few functions, and there is no way
to reach anything else. Its length, its nesting and its size are bounded when it is read, and the
work it does when it is evaluated (`formula_work`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.mapping.formula_calls import Node
from hub.mapping.formula_parser import Parser, Use
from hub.mapping.formula_tokens import FormulaError
from hub.mapping.formula_work import FUNCTIONS, MAX_RESULT, Work
from hub.mapping.transforms import Registry
from hub.mapping.values import ValueProblem

MAX_FORMULA: Final = 2_000

__all__ = ["FUNCTIONS", "Formula", "FormulaError", "Use", "compile_formula"]


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled formula. depth: of its deepest path, over how many `[]` its result may go."""

    text: str
    run: Node
    uses: tuple[Use, ...]
    functions: tuple[str, ...]
    depth: int

    def evaluate(self, records: Mapping[str, Any]) -> Any:
        """The result. records: `source`, `document` and `target`.

        Raises ValueProblem or TransformError saying what is wrong, within a second.
        """
        work = Work(records)
        try:
            result = self.run(work)
        except (RecursionError, MemoryError):
            raise ValueProblem("the formula is too much work") from None
        if result.__class__ is str and len(result) > MAX_RESULT:
            raise ValueProblem(f"the formula gives more than {MAX_RESULT:,} characters")
        return result


def compile_formula(text: str, transforms: Registry) -> Formula:
    """Read a formula. Raises FormulaError."""
    if len(text) > MAX_FORMULA:
        raise FormulaError(f"the formula is longer than {MAX_FORMULA:,} characters")
    parser = Parser(text, transforms)
    part = parser.whole()
    return Formula(
        text,
        part.run,
        tuple(dict.fromkeys(parser.uses)),
        tuple(dict.fromkeys(parser.functions)),
        max((use.path.depth for use in parser.uses), default=0),
    )
