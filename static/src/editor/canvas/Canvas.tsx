import {
  Background,
  type Connection,
  type EdgeChange,
  type NodeChange,
  type NodeMouseHandler,
  type OnConnectEnd,
  ReactFlow,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { type DragEvent, useCallback, useEffect, useMemo, useState } from "react";
import {
  edgeTypes,
  type FlowEdge,
  type FlowNode,
  nodeTypes,
  toFlowEdge,
  toFlowNode,
} from "../../graph";
import type { Point } from "../../graph/document";
import { documentToGraph } from "../../graph/flow";
import { GRID, MIN_ZOOM, snap } from "../../graph/geometry";
import { seatOfSlot, slotId } from "../../graph/seats";
import { ZoomBar, ZoomButton } from "../../graph/ZoomBar";
import { useProblems } from "../fields/problems";
import { connectFault } from "../model/handoffs";
import { COMMANDS } from "../model/keys";
import { currentPattern, currentPlaces, type Selection, select, useEditor } from "../store/editor";
import { drop, join, move, slotAt } from "./actions";
import { useCommands } from "./commands";
import { endDrag, isOurs } from "./dragging";
import { useFit } from "./fit";

const SNAP: [number, number] = [GRID, GRID];

/** The crew as a graph that can be changed. What is shown is always made from the document. */
export function Canvas() {
  const { nodes, edges, dragged, setDragged } = useGraph();
  const mayChange = useEditor((state) => state.mayChange);
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const [over, setOver] = useState<string | null>(null);
  useFirstFit();

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      const moved: { [name: string]: Point } = {};
      const dragging: { [name: string]: Point } = {};
      for (const change of changes) {
        if (change.type !== "position" || !change.position) continue;
        (change.dragging ? dragging : moved)[change.id] = change.position;
      }
      const [first] = Object.entries(dragging);
      if (first) {
        setDragged((before) => ({ ...before, ...dragging }));
        setOver(Object.keys(dragging).length === 1 ? slotAt(centre(first[1])) : null);
      }
      const byKey = Object.keys(dragged).length === 0;
      if (Object.keys(moved).length > 0) {
        setDragged({});
        setOver(null);
        const snapped = Object.entries(moved).map(([id, at]) => [id, snap(at)] as const);
        move(Object.fromEntries(snapped), byKey);
      }
      applySelection("nodes", changes);
    },
    [dragged, setDragged],
  );
  const onEdgesChange = useCallback(
    (changes: EdgeChange<FlowEdge>[]) => applySelection("edges", changes),
    [],
  );
  const onConnect = useCallback(({ source, target }: Connection) => join(source, target), []);
  const isValid = useCallback(
    ({ source, target }: Connection | FlowEdge) =>
      connectFault(useEditor.getState().document, source, target) === null,
    [],
  );
  const place = (event: DragEvent) =>
    flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false });
  const onDragOver = (event: DragEvent) => {
    if (!mayChange || !isOurs(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    setOver(slotAt(place(event)));
  };
  const onDrop = (event: DragEvent) => {
    const dropped = endDrag(event.dataTransfer);
    setOver(null);
    if (!dropped) return;
    event.preventDefault();
    drop(dropped.kind, dropped.seat, place(event));
  };
  const shown = useMemo(() => (over ? invite(nodes, over) : nodes), [nodes, over]);
  return (
    <section
      className="ed-canvas"
      aria-label="Canvas"
      onDragOver={onDragOver}
      onDrop={onDrop}
      onDragLeave={() => setOver(null)}
    >
      <ReactFlow<FlowNode, FlowEdge>
        className="cs-graph"
        nodes={shown}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onConnect={onConnect}
        onConnectEnd={onConnectEnd}
        isValidConnection={isValid}
        nodesDraggable={mayChange}
        nodesConnectable={mayChange}
        connectionRadius={36}
        snapToGrid
        snapGrid={SNAP}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={["Shift", "Meta", "Control"]}
        minZoom={MIN_ZOOM}
        maxZoom={1.6}
        zoomOnDoubleClick={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={oneOfMany}
        onPaneClick={() => select({})}
      >
        <Background gap={GRID} size={1} />
      </ReactFlow>
      <Zoom />
      {nodes.length === 0 && <Nothing />}
      <output className="sr-only">{over ? `Over the empty seat ${over}` : ""}</output>
    </section>
  );
}

/** A press on one of several that are selected selects that one alone. */
const oneOfMany: NodeMouseHandler<FlowNode> = (event, { id }) => {
  if (event.shiftKey || event.ctrlKey || event.metaKey) return;
  const { nodes, edges } = useEditor.getState().selection;
  if (nodes.length + edges.length > 1) select({ nodes: [id] });
};

/** A handoff that is let go anywhere over a node goes to it, as if to its handle. */
const onConnectEnd: OnConnectEnd = (event, { isValid, fromNode, fromHandle }) => {
  if (isValid || !fromNode || !fromHandle) return;
  const at = "changedTouches" in event ? event.changedTouches[0] : event;
  const under = at && document.elementFromPoint(at.clientX, at.clientY);
  const id = under?.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  if (id === undefined || id === fromNode.id || seatOfSlot(id) !== null) return;
  if (fromHandle.type === "source") join(fromNode.id, id);
  else join(id, fromNode.id);
};

function Zoom() {
  const mayChange = useEditor((state) => state.mayChange);
  const commands = useCommands();
  return (
    <ZoomBar fit={commands.fit}>
      <ZoomButton
        icon="layout"
        label="Arrange"
        title={`Arrange (${COMMANDS.layout.keys})`}
        disabled={!mayChange}
        action={commands.layout}
      />
    </ZoomBar>
  );
}

function Nothing() {
  return (
    <div className="ed-canvas-empty">
      <h2>An empty stage</h2>
      <p className="quiet">Drag a role here, or press one of the buttons under “Roles”.</p>
    </div>
  );
}

function centre(at: Point): Point {
  return { x: at.x + 116, y: at.y + 46 };
}

function invite(nodes: FlowNode[], seat: string): FlowNode[] {
  return nodes.map((node) =>
    node.type === "slot" && node.id === slotId(seat)
      ? { ...node, data: { ...node.data, inviting: true } }
      : node,
  );
}

/** Nodes and edges of the document, with what is selected and what is being dragged. */
function useGraph() {
  const [dragged, setDragged] = useState<{ [name: string]: Point }>({});
  const document = useEditor((state) => state.document);
  const catalog = useEditor((state) => state.catalog);
  const mayChange = useEditor((state) => state.mayChange);
  const selection = useEditor((state) => state.selection);
  const problems = useProblems();
  const graph = useMemo(() => {
    const state = { ...useEditor.getState(), document, catalog };
    const drawn = documentToGraph(document, {
      places: currentPlaces(state),
      seats: currentPattern(state)?.seats ?? [],
      problems,
      connectable: mayChange,
    });
    return { nodes: drawn.nodes.map(toFlowNode), edges: drawn.edges.map(toFlowEdge) };
  }, [document, catalog, problems, mayChange]);
  const nodes = useMemo(
    () =>
      graph.nodes.map((node) => {
        const at = dragged[node.id];
        const selected = selection.nodes.includes(node.id);
        // A node that stays as it was stays the same object, and is not drawn again.
        if (!at && !selected) return node;
        return { ...node, selected, ...(at ? { position: at } : {}) } as FlowNode;
      }),
    [graph, dragged, selection],
  );
  const edges = useMemo(
    () =>
      graph.edges.map((edge) =>
        selection.edges.includes(edge.id) ? { ...edge, selected: true } : edge,
      ),
    [graph, selection],
  );
  return { nodes, edges, dragged, setDragged };
}

function applySelection(
  part: keyof Selection,
  changes: readonly (NodeChange<FlowNode> | EdgeChange<FlowEdge>)[],
) {
  const before = useEditor.getState().selection;
  const ids = new Set(before[part]);
  let changed = false;
  for (const change of changes) {
    if (change.type !== "select" || ids.has(change.id) === change.selected) continue;
    changed = true;
    if (change.selected) ids.add(change.id);
    else ids.delete(change.id);
  }
  if (changed) select({ ...before, [part]: [...ids] });
}

/** Show the whole crew when it is first there, and when the window becomes another one. */
function useFirstFit() {
  const { viewportInitialized } = useReactFlow();
  const width = useStore((state) => state.width);
  const fit = useFit();
  useEffect(() => {
    if (viewportInitialized && width > 0) fit({ still: true });
  }, [viewportInitialized, width, fit]);
}
