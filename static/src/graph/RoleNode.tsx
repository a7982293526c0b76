import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { KIND_WORDS, titleOf } from "./document";
import type { RoleNodeData, RunState } from "./flow";
import { Icon, type IconName } from "./icons";

export type RoleFlowNode = Node<RoleNodeData, "role">;

/** A state is never colour alone: it has a word and an icon. */
export const STATE_WORDS: Record<Exclude<RunState, "idle">, { word: string; icon: IconName }> = {
  running: { word: "running", icon: "play" },
  waiting: { word: "waiting", icon: "clock" },
  done: { word: "done", icon: "check" },
  failed: { word: "failed", icon: "error" },
};

/** What a screen reader says for the whole node. */
export function roleLabel(data: RoleNodeData): string {
  const parts = [data.title, `${data.seat} seat`, KIND_WORDS[data.kind].title, data.engine];
  if (data.state && data.state !== "idle") parts.push(STATE_WORDS[data.state].word);
  if (data.problem) parts.push(countWord(data.problem.count));
  return parts.join(", ");
}

function countWord(count: number): string {
  return count === 1 ? "1 problem" : `${count} problems`;
}

function RoleNodeView({ data, selected }: NodeProps<RoleFlowNode>) {
  const state = data.state && data.state !== "idle" ? STATE_WORDS[data.state] : null;
  return (
    <div
      className="cs-node"
      data-kind={data.kind}
      data-state={data.state ?? "idle"}
      data-selected={selected || undefined}
      data-problem={data.problem?.severity}
    >
      <Handle
        type="target"
        position={Position.Left}
        isConnectable={data.connectable}
        className="cs-handle"
      />
      <div className="cs-node-head">
        <span className="cs-node-kind" title={KIND_WORDS[data.kind].title}>
          <Icon name={data.kind} />
        </span>
        <span className="cs-node-title">{data.title}</span>
        <span className="cs-node-name">{namesOf(data)}</span>
        {data.problem && (
          <span
            className="cs-node-problem"
            data-severity={data.problem.severity}
            title={data.problem.messages.join("\n")}
          >
            <Icon name={data.problem.severity} size={12} />
            {data.problem.count}
          </span>
        )}
        {state && (
          <span className="cs-node-state">
            <Icon name={state.icon} size={12} />
            {state.word}
          </span>
        )}
      </div>
      <div className="cs-node-foot">
        {data.detail ? <span>{data.detail}</span> : <Means {...data} />}
      </div>
      <Handle
        type="source"
        position={Position.Right}
        isConnectable={data.connectable}
        className="cs-handle"
      />
    </div>
  );
}

/** The seat, and the role's own name where neither the title nor the seat says it. */
function namesOf({ title, seat, name }: RoleNodeData): string {
  return name === seat || titleOf(name, undefined) === title ? seat : `${seat} · ${name}`;
}

/** What the role works with: model or program, tools, sandbox. */
function Means({ engine, tools, sandboxed }: RoleNodeData) {
  return (
    <>
      <span className="cs-node-engine">{engine}</span>
      {tools > 0 && (
        <span className="cs-node-fact">
          <Icon name="tool" size={12} />
          {tools === 1 ? "1 tool" : `${tools} tools`}
        </span>
      )}
      {sandboxed && (
        <span className="cs-node-fact" title="Runs code in a sandbox">
          <Icon name="box" size={14} />
          <span className="sr-only">sandbox</span>
        </span>
      )}
    </>
  );
}

export const RoleNode = memo(RoleNodeView);
