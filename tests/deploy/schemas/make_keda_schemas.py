"""Make keda-*.json anew; README.md says from what.

The models of cloudcoil-models-keda are made from the definitions (CRDs) that KEDA installs in a cluster. pydantic turns
them back into a schema. It is then made as strict as kubectl asks the API server to be: unknown fields are refused.
What only a cluster fills in is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KINDS = ("ScaledObject", "TriggerAuthentication")
NOISE = {"title", "default", "description"}


def strict(node: Any, *, names: bool = False) -> Any:
    """Return a schema without noise and without null; the keys of `node` may be `names` of fields."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    if not names and len(options) == 1:
        return strict(options[0])
    made = {
        key: strict(value, names=not names and key in ("properties", "$defs"))
        for key, value in node.items()
        if names or key not in NOISE
    }
    if not names and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


def main() -> None:
    """Write a schema for each kind that deploy/kubernetes uses."""
    from cloudcoil.models.keda import v1alpha1 as models  # no dependency of the tests: see README.md

    for kind in KINDS:
        schema = getattr(models, kind).model_json_schema(by_alias=True)
        schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
        del schema["properties"]["status"]
        schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
        made = strict(schema)
        made["$defs"] = reachable(made)
        path = Path(__file__).with_name(f"keda-{kind.lower()}.json")
        path.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", "utf-8")


def reachable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions that a schema still needs."""
    definitions = schema["$defs"]
    found: dict[str, Any] = {}
    waiting = [{key: value for key, value in schema.items() if key != "$defs"}]
    while waiting:
        text = json.dumps(waiting.pop())
        for name, definition in definitions.items():
            if name not in found and f'"#/$defs/{name}"' in text:
                found[name] = definition
                waiting.append(definition)
    return found


if __name__ == "__main__":
    main()
