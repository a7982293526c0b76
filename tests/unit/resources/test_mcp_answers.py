"""What is said of an MCP server that answers with something else."""

import mcp_types
import pytest
from pydantic import ValidationError

from resources.mcp.client import _why


def test_what_is_wrong_with_one_tool_is_named() -> None:
    tools = [{"name": "good", "inputSchema": {"type": "object"}}, {"name": "bad", "inputSchema": 1}]
    with pytest.raises(ValidationError) as wrong:
        mcp_types.ListToolsResult.model_validate({"tools": tools})
    assert _why(wrong.value, 1).startswith(
        "The server answered with what is no MCP: tools.1.inputSchema:"
    )
