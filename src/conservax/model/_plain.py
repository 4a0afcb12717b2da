"""Settings as readable JSON."""

from typing import Any

from conservax.model._codec import encode
from conservax.model._settings import Settings


def plain(settings: Settings) -> dict[str, Any]:
    """Settings as readable JSON: classes by name, arrays as lists."""
    description, arrays = encode(settings, own_parts=True)

    def simple(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        if "array" in node:
            return arrays[node["array"]].tolist()
        if "tuple" in node:
            return [simple(item) for item in node["tuple"]]
        if "mapping" in node:
            return {str(key): simple(value) for key, value in node["mapping"]}
        if "own" in node:
            return f"<{node['own']}, a part of one's own>"
        fields = {name: simple(value) for name, value in node["fields"].items()}
        return {"class": node["class"], **fields}

    return simple(description)
