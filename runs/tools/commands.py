"""How the tools that run commands tell a result to the model and to the journal."""

from dataclasses import asdict

from runs.tools.base import Json, ToolOutput
from sandbox.api import ExecResult

SHOWN = 20_000


def told(result: ExecResult) -> ToolOutput:
    """Return a command's result as text with its exit code and both streams, cut to what a model
    can use."""
    stdout, stderr = _text(result.stdout), _text(result.stderr)
    status = f"exit code {result.exit_code}"
    if result.timed_out:
        status = "stopped: it ran out of time"
    elif result.oom:
        status = "stopped: it ran out of memory"
    parts = [status]
    if stdout:
        parts.append(f"stdout:\n{stdout}")
    if stderr:
        parts.append(f"stderr:\n{stderr}")
    data: dict[str, Json] = {
        "exit_code": result.exit_code,
        "stdout": stdout,
        "stderr": stderr,
        "duration_s": round(result.duration_s, 3),
    }
    if result.network:
        parts += refusals(result)
        data |= network_told(result)
    for flag in ("timed_out", "oom", "stdout_truncated", "stderr_truncated"):
        if getattr(result, flag):
            data[flag] = True
    return ToolOutput(text="\n".join(parts), data=data, is_error=not result.ok)


def refusals(result: ExecResult) -> list[str]:
    """Say, once each, why connections of a command were refused; of very many, the first five."""
    reasons = dict.fromkeys(one.refused for one in result.network if one.refused)
    return [f"Connection refused: {reason}" for reason in reasons][:5]


def network_told(result: ExecResult) -> dict[str, Json]:
    """Return what the journal says of a command's connections: `{"network": [{host, port, sent,
    received}, …]}`, `refused` with the reason; nothing where there were none."""
    told = [
        {key: value for key, value in asdict(one).items() if key != "refused" or value}
        for one in result.network
    ]
    return {"network": told} if told else {}


def _text(data: bytes) -> str:
    text = data.decode(errors="replace")
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]}\n… {len(text) - SHOWN} characters left out …\n{text[-half:]}"
