"""`command` roles: an external agent's command line, run in the role's sandbox.

It gets what a model would be told on standard input, the team's credential of its name in its
environment, and what it prints is its answer.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crews.spec import Command, CrewSpec, RoleSpec
from runs.engine import prompts
from runs.engine.nesting import with_roles_inside
from runs.engine.recorder import Act, Outcome, Scope
from runs.engine.terminal import Terminal
from runs.engine.workspace import LOST_RETRIES
from runs.errors import ActionError
from runs.masking import secrets_of, without
from runs.providers.base import Credential
from runs.tools.commands import network_told, refusals
from sandbox.api import ExecResult
from teams.services.credentials import ENVIRONMENT

if TYPE_CHECKING:
    from runs.engine.asking import Asking

Json = Any
# An argument of the command line that stands for the whole text of the task.
TASK = "{task}"
# How a command ends that is not there, and what the sandbox itself says begins with.
NOT_FOUND = 127
OF_THE_AGENT = "callsheet: "
STDERR_SHOWN = 4_000
KEYS = frozenset(key_name for key_name, _ in ENVIRONMENT.values())


@dataclass(slots=True)
class Commanding:
    """A conversation with a command line that remembers nothing: each time it is told all that
    was said before."""

    asking: "Asking"
    scope: Scope
    command: Command
    _said: list[str] = field(default_factory=list)

    async def say(self, text: str) -> str:
        """Run the command with a text on its standard input and return what it prints. Raises
        ActionError."""
        if not self._said:
            self._said += opening(self.asking)
        self._said.append(text)
        answer = await self._run("\n\n".join(self._said))
        self._said.append(f"You answered:\n{answer}")
        return answer

    async def _run(self, text: str) -> str:
        crew, agent = self.asking.crew, self.asking.agent
        told: dict[str, Json] = {"argv": list(self.command.argv), "stdin": text}
        if self.command.credential:
            told["credential"] = self.command.credential
        role = self.asking.role
        act = Act(
            type="tool_call",
            name=posixpath.basename(self.command.argv[0])[:100],
            agent=agent,
            input=told,
            # What it did outside its sandbox must not be done twice unasked.
            repeatable=not role.networked,
            retries=0 if role.networked else LOST_RETRIES,
        )

        async def effect(action: str) -> Outcome:
            env = self._environment()
            secrets = secrets_of(value for name, value in env.items() if name in KEYS)
            sandbox = await crew.workspaces.of(agent)
            terminal = Terminal(crew.run, action, secrets)
            try:
                result = await sandbox.run(
                    [text if part == TASK else part for part in self.command.argv],
                    stdin=text.encode(errors="replace"),
                    env=env,
                    key=action,
                    on_output=terminal.output,
                )
            finally:
                terminal.close()
            stdout = without(secrets, result.stdout.decode(errors="replace"))
            stderr = without(secrets, result.stderr.decode(errors="replace"))[-STDERR_SHOWN:]
            if fault := self._fault(result, stderr):
                raise ActionError({"kind": "command_failed", "role": agent, "message": fault})
            kept = await crew.workspaces.keep(agent)
            output = {"stdout": stdout, "stderr": stderr, "exit_code": result.exit_code}
            output |= network_told(result)
            return Outcome(output=output | {"duration_s": round(result.duration_s, 3)} | kept)

        output = await crew.recorder.leaf(self.scope, "command", act, effect)
        return str(output["stdout"]).strip()

    def _environment(self) -> dict[str, str]:
        """Return the variables that carry the role's credential, by the names that the providers'
        own SDKs read. Raises ActionError where there is none."""
        name = self.command.credential
        if name is None:
            return {}
        env = environment(self.asking.crew.credentials, name)
        if not env:
            message = f"There is no credential '{name}' for the command of '{self.asking.name}'."
            advice = "Add the credential in the team's settings."
            error = {"kind": "no_credential", "message": message, "advice": advice}
            raise ActionError(error | {"role": self.asking.agent})
        return env

    def _fault(self, result: ExecResult, stderr: str) -> str:
        name, program = self.asking.name, self.command.argv[0]
        if result.timed_out:
            return (
                f"The command of '{name}' ran out of time. Give its sandbox a longer timeout_s."
                f" {stderr}"
            ).strip()
        if result.oom:
            return f"The command of '{name}' ran out of memory. Give its sandbox more memory_mb."
        if result.exit_code == NOT_FOUND and stderr.startswith(OF_THE_AGENT):
            return missing_program(name, _image(self.asking.role), program)
        if not result.ok:
            refused = " ".join(refusals(result))
            how = f"The command of '{name}' ended with {result.exit_code}."
            return " ".join(part for part in (how, stderr.strip(), refused) if part)
        if result.stdout_truncated:
            return f"The command of '{name}' printed more than an answer can have (1 MiB)."
        return ""


def opening(asking: "Asking") -> list[str]:
    """Return what the command is told before its first task: nothing where the role says no more
    than the task."""
    role = asking.role
    demand = [prompts.answer_by(schema) for schema in asking.schemas]
    return [part for part in (role.instructions.strip(), *demand) if part]


def is_played(role: RoleSpec, rehearsal: bool) -> bool:
    """Say whether a rehearsal answers for a command: one that could reach a model is not run."""
    if role.command is None or not rehearsal:
        return False
    return role.command.credential is not None or role.networked


def environment(credentials: Mapping[tuple[str, str], Credential], name: str) -> dict[str, str]:
    """Return the credentials of a name as environment variables."""
    env = {}
    for provider, (key_name, url_name) in ENVIRONMENT.items():
        if (found := credentials.get((provider, name))) is not None:
            env[key_name] = found.api_key
            if found.base_url:
                env[url_name] = found.base_url
    return env


def command_credentials(started: Mapping[str, Json]) -> set[tuple[str, str]]:
    """Return (provider, name) of the credentials that a run's commands may need."""
    spec = CrewSpec.model_validate(started["document"])
    everyone = with_roles_inside(spec, started.get("crews") or {})
    return {(provider, name) for name in credential_names(everyone) for provider in ENVIRONMENT}


def command_secrets(spec: CrewSpec, credentials: Mapping[tuple[str, str], Credential]) -> list[str]:
    """Return the keys that commands get, which must not be kept anywhere."""
    names = credential_names(spec)
    return secrets_of(found.api_key for (_, name), found in credentials.items() if name in names)


def credential_names(spec: CrewSpec) -> set[str]:
    commands = (role.command for role in spec.roles.values())
    return {command.credential for command in commands if command and command.credential}


def missing_program(role: str, image: str, program: str) -> str:
    return (
        f"The sandbox image '{image}' of '{role}' has no program '{program}'. Choose an image that"
        " has it, or another command."
    )


def _image(role: RoleSpec) -> str:
    return role.sandbox.image if role.sandbox else "default"
