"""What pydantic found wrong, in a few words."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["first_problem"]


def first_problem(error: ValidationError) -> str:
    """Return where the first problem is, and what it is; not the value, which may be long, or secret.

    Examples
    --------
    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_python({"a": "x"})
    ... except ValidationError as error:
    ...     print(first_problem(error))
    a: Input should be a valid integer, unable to parse string as an integer
    """
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
