import {
  Background,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { edgeTypes, type FlowNode, nodeTypes, toFlowEdge, toFlowNode } from "../graph";
import { type CrewDocument, titleOf } from "../graph/document";
import { documentToGraph } from "../graph/flow";
import { places } from "../graph/layout";
import { ZoomBar } from "../graph/ZoomBar";
import { type Activity, activityOf } from "../journal/activity";
import type { RunState } from "../journal/fold";
import { count, money } from "../journal/format";

type Props = {
  document: CrewDocument;
  state: RunState;
  now: number;
  role: string | null;
  onRole: (role: string | null) => void;
};

/** The crew exactly as it ran, with who is at work lit. A role that is chosen filters the feed. */
export function Canvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  );
}

function Drawing({ document, state, now, role, onRole }: Props) {
  const spots = useMemo(() => places(document), [document]);
  const [looking, look] = useState<Looking>("all");
  // The state is changed in place; its seq says when. What is lit changes with time as well.
  const tick = Math.floor(now / 500);
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const activity = useMemo(
    () => activityOf(state, document, now),
    [state, state.seq, document, tick],
  );
  const graph = documentToGraph(document, {
    places: spots,
    states: activity.states,
    details: detailsOf(document, activity),
    lit: activity.lit,
  });
  const nodes = graph.nodes.map(
    (node) => ({ ...toFlowNode(node), selected: node.id === role }) as FlowNode,
  );
  const stand = (wanted: string) =>
    nodes.filter(({ id }) => activity.states[id] === wanted).map(({ id }) => id);
  const running = stand("running");
  const atWork = running.length > 0 ? running : stand("waiting");
  const change = (changes: NodeChange<FlowNode>[]) => {
    const picked = changes.find((one) => one.type === "select" && one.selected);
    const dropped = changes.find((one) => one.type === "select" && one.id === role);
    if (picked?.type === "select") onRole(picked.id);
    else if (dropped) onRole(null);
  };
  return (
    <ReactFlow
      className="cs-graph"
      nodes={nodes}
      edges={graph.edges.map((edge) => ({
        ...toFlowEdge(edge),
        focusable: false,
        selectable: false,
      }))}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      onNodesChange={change}
      nodesDraggable={false}
      nodesConnectable={false}
      // A finger on a crew that is all there scrolls the page.
      panOnDrag={looking !== "all" || !matchMedia("(pointer: coarse)").matches}
      onMoveStart={(event) => event && look("closer")}
      zoomOnScroll={false}
      preventScrolling={false}
      deleteKeyCode={null}
      minZoom={0.15}
      maxZoom={1.25}
      aria-label="The crew"
    >
      <Background gap={16} size={1} />
      <View atWork={atWork.join(" ")} looking={looking} look={look} />
    </ReactFlow>
  );
}

/** Smaller than this nobody reads what is written on a role. */
const READABLE = 0.5;
const WHOLE = { padding: 0.1, maxZoom: 1 };
/** In a low canvas the buttons in its corner get a side of their own. */
const LOW_PX = 200;
const BESIDE = { ...WHOLE, padding: { x: 0.1, y: 0.1, left: "136px" } } as const;

/** At the whole crew, at those at work, or where somebody moved the canvas to. */
type Looking = "all" | "work" | "closer";
type ViewProps = { atWork: string; looking: Looking; look: (at: Looking) => void };

/**
 * What is seen: the whole crew, also when the panel beside it grows, until somebody looks closer.
 * Where the whole would be too small to read, those at work (names joined by spaces) are followed.
 */
function View({ atWork, looking, look }: ViewProps) {
  const { fitView, getZoom } = useReactFlow();
  const probe = useRef<HTMLDivElement>(null);
  const fit = useCallback(async () => {
    const height = probe.current?.closest(".react-flow")?.clientHeight ?? 0;
    await fitView(height < LOW_PX ? BESIDE : WHOLE);
    const small = atWork !== "" && getZoom() < READABLE;
    const nodes = atWork.split(" ").map((id) => ({ id }));
    if (small) await fitView({ ...WHOLE, nodes, minZoom: READABLE });
    look(small ? "work" : "all");
  }, [fitView, getZoom, atWork, look]);
  useEffect(() => {
    const box = probe.current?.closest(".react-flow");
    if (!box || looking === "closer") return;
    const watch = new ResizeObserver(() => void fit());
    watch.observe(box);
    return () => watch.disconnect();
  }, [fit, looking]);
  return (
    <>
      <div ref={probe} hidden />
      <ZoomBar fit={() => void fit()} onZoom={() => look("closer")} />
    </>
  );
}

function detailsOf(document: CrewDocument, activity: Activity): { [role: string]: string } {
  const details: { [role: string]: string } = {};
  for (const role of Object.keys(document.roles)) {
    const others = activity.waitingOn[role];
    const sum = activity.figures[role];
    if (others && activity.states[role] !== "running") {
      details[role] =
        `waits for ${others.map((name) => titleOf(name, document.roles[name])).join(", ")}`;
    } else if (sum) {
      details[role] = [
        sum.calls > 0 ? `${sum.calls} ${sum.calls === 1 ? "call" : "calls"}` : "",
        sum.tools > 0 ? `${sum.tools} ${sum.tools === 1 ? "tool" : "tools"}` : "",
        sum.tokens > 0 ? `${count(sum.tokens)} tok` : "",
        sum.cost > 0n ? money(sum.cost) : "",
      ]
        .filter(Boolean)
        .join(" · ");
    }
  }
  return details;
}
