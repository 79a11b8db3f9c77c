"""From a scanner's result to a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from ..plain import escaped
from ..score import Score
from .result import Result

__all__ = ["score_of"]


def score_of(result: Any) -> Score | None:
    r"""Make a score of what a scanner returned.

    ========================================================  =====================================================
    result                                                    score
    ========================================================  =====================================================
    value None, no answer, explanation or metadata            none at all
    value None, one of these                                  unscored (NaN), with them
    a value                                                   that value; containers in it become JSON text
    a list of results                                         a dict by label, of each label the first result's value
    ========================================================  =====================================================

    Parameters
    ----------
    result
        A `Result`, one of inspect-scout, or a list of them.

    Raises
    ------
    TypeError
        It is something else.
    RuntimeError
        A result of several has no label.

    Examples
    --------
    >>> score_of(Result(value=None)) is None
    True
    >>> score_of([Result(label="calls", value=3), Result(label="tools", value=["bash"])]).value
    {'calls': 3, 'tools': '[\n  "bash"\n]'}
    """
    if isinstance(result, Sequence) and not isinstance(result, str):
        return Score(value=_by_label([_fields(item) for item in result]))
    fields = _fields(result)
    if fields["type"] == "resultset":
        return Score(value=_by_label(fields["value"] or []))
    answer, explanation, metadata = fields["answer"], fields["explanation"], fields["metadata"]
    value: Any = fields["value"]
    if value is None:
        if answer is None and explanation is None and not metadata:
            return None
        value = float("nan")
    return Score(
        value=_scalars(value),
        answer=answer,
        explanation=explanation,
        metadata={**(metadata or {}), "scanner_references": [_reference(item) for item in fields["references"]]},
    )


def _fields(result: Any) -> dict[str, Any]:
    if not isinstance(result, BaseModel) or not {"value", "references"} <= type(result).model_fields.keys():
        raise TypeError(f"a scanner must return a Result, or a list of them, and this one returned {result!r}")
    return {name: getattr(result, name, None) for name in Result.model_fields}


def _by_label(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for result in results:
        label = result.get("label")
        if label is None:
            raise RuntimeError("Of several results of a scanner each must have a label: it names the value's key.")
        values.setdefault(str(label), _scalar(result.get("value")))
    return values


def _scalars(value: Any) -> Any:
    if isinstance(value, list):
        # A list takes no None, so it becomes the text "null" like any other that is no scalar.
        return [item if isinstance(item, (str, int, float)) else _json_text(item) for item in value]
    if isinstance(value, dict):
        return {key: _scalar(item) for key, item in value.items()}
    return value


def _scalar(value: Any) -> Any:
    return _json_text(value) if isinstance(value, (list, dict)) else value


def _json_text(value: Any) -> str:
    plain = to_jsonable_python(value, exclude_none=True, fallback=lambda _: None)
    try:
        return to_json(plain, indent=2).decode()
    except PydanticSerializationError:  # half of a surrogate pair
        return to_json(escaped(plain), indent=2).decode()


def _reference(reference: Any) -> dict[str, Any]:
    fields: dict[str, Any] = reference.model_dump(exclude_none=True)
    return fields
