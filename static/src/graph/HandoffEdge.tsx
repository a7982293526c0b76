import {
  BaseEdge,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  getSmoothStepPath,
  type Position,
  useInternalNode,
} from "@xyflow/react";
import { memo } from "react";
import type { EdgeMarks, HandoffEdgeData } from "./flow";
import { Icon } from "./icons";
import { route } from "./route";

export type HandoffFlowEdge = Edge<HandoffEdgeData, "handoff">;

/** What a screen reader says for the whole edge. */
export function handoffLabel(data: HandoffEdgeData): string {
  const ends = `${data.from} to ${data.to}`;
  if (data.index === null) return `${ends}, implied by the pattern`;
  const words = markWords(data.marks);
  const problem = data.problem ? `, ${data.problem.messages.join("; ")}` : "";
  return `Handoff ${ends}${words.length ? `, ${words.join(", ")}` : ", no contract yet"}${problem}`;
}

function markWords(marks: EdgeMarks): string[] {
  const words: string[] = [];
  if (marks.schema) words.push("schema checked");
  if (marks.confidence !== undefined) words.push(`confidence at least ${marks.confidence}`);
  if (marks.gate) words.push(`only when ${marks.gate}`);
  if (marks.artifacts > 0)
    words.push(marks.artifacts === 1 ? "1 file pattern" : `${marks.artifacts} file patterns`);
  return words;
}

function HandoffEdgeView(props: EdgeProps<HandoffFlowEdge>) {
  const { data, selected, markerEnd, interactionWidth } = props;
  const [path, labelX, labelY] = usePath(props, data?.lane ?? 0);
  if (!data) return null;
  return (
    <g
      className="cs-edge"
      data-implied={data.index === null || undefined}
      data-selected={selected || undefined}
      data-lit={data.lit}
      data-problem={data.problem?.severity}
    >
      <BaseEdge
        path={path}
        {...(markerEnd ? { markerEnd } : {})}
        interactionWidth={interactionWidth ?? 24}
      />
      {data.index !== null && (
        <EdgeLabelRenderer>
          <Marks data={data} selected={selected ?? false} x={labelX} y={labelY} />
        </EdgeLabelRenderer>
      )}
    </g>
  );
}

/** The path by the places of the nodes, not of their handles; and where its label stands. */
function usePath(edge: EdgeProps<HandoffFlowEdge>, lane: -1 | 0 | 1): [string, number, number] {
  const source = useInternalNode(edge.source)?.internals.positionAbsolute;
  const target = useInternalNode(edge.target)?.internals.positionAbsolute;
  if (!source || !target) return ["", 0, 0];
  const { from, to, leaves, enters, loop } = route(source, target, lane);
  const ends = {
    sourceX: from.x,
    sourceY: from.y,
    targetX: to.x,
    targetY: to.y,
    sourcePosition: leaves as Position,
    targetPosition: enters as Position,
  };
  const [path, x, y] = loop
    ? getSmoothStepPath({ ...ends, borderRadius: 14, offset: 28 })
    : getBezierPath({ ...ends, curvature: 0.3 });
  return [path, x, y];
}

type MarksProps = { data: HandoffEdgeData; selected: boolean; x: number; y: number };

function Marks({ data, selected, x, y }: MarksProps) {
  const { marks, problem } = data;
  const empty = markWords(marks).length === 0 && !problem;
  if (empty && !selected) return null;
  return (
    <div
      className="cs-edge-marks"
      data-selected={selected || undefined}
      style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
    >
      {problem && (
        <span
          className="cs-edge-problem"
          data-severity={problem.severity}
          title={problem.messages.join("\n")}
        >
          <Icon name={problem.severity} size={12} />
          {problem.count}
        </span>
      )}
      {marks.schema && (
        <span title="The payload is checked against a schema">
          <Icon name="schema" size={12} />
          schema
        </span>
      )}
      {marks.confidence !== undefined && (
        <span title="Required confidence">≥ {marks.confidence}</span>
      )}
      {marks.gate && (
        <span title="Passes only when this holds">
          <Icon name="gate" size={12} />
          <span className="cs-edge-gate">{marks.gate}</span>
        </span>
      )}
      {marks.artifacts > 0 && (
        <span title="Files that go along">
          <Icon name="file" size={12} />
          {marks.artifacts}
        </span>
      )}
      {empty && <span>no contract</span>}
    </div>
  );
}

export const HandoffEdge = memo(HandoffEdgeView);
