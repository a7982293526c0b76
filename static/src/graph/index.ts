/** The drawn half of the graph: node and edge types for <ReactFlow>. The logic is in flow.ts, layout.ts, … */

import "@xyflow/react/dist/base.css";
import "./graph.css";
import { MarkerType } from "@xyflow/react";
import type { GraphEdge, GraphNode } from "./flow";
import { HandoffEdge, type HandoffFlowEdge, handoffLabel } from "./HandoffEdge";
import { type RoleFlowNode, RoleNode, roleLabel } from "./RoleNode";
import { type SlotFlowNode, SlotNode } from "./SlotNode";

export const nodeTypes = { role: RoleNode, slot: SlotNode };
export const edgeTypes = { handoff: HandoffEdge };
export type FlowNode = RoleFlowNode | SlotFlowNode;
export type FlowEdge = HandoffFlowEdge;

/** A node for <ReactFlow>: named, and with its size known, so that it is drawn without measuring. */
export function toFlowNode(node: GraphNode): FlowNode {
  const { width, height } = node;
  const known = { measured: { width, height } };
  if (node.type === "slot") {
    const { title, needed } = node.data;
    const ariaLabel = `Empty seat: ${title}${needed ? "" : ", optional"}`;
    return { ...node, ...known, ariaLabel, draggable: false, connectable: false, deletable: false };
  }
  return { ...node, ...known, ariaLabel: roleLabel(node.data) };
}

/** An edge for <ReactFlow>. Edges that the pattern implies are shown but cannot be touched. */
export function toFlowEdge(edge: GraphEdge): FlowEdge {
  const drawn = edge.data.index !== null;
  return {
    ...edge,
    ariaLabel: handoffLabel(edge.data),
    focusable: drawn,
    selectable: drawn,
    deletable: drawn,
    markerEnd: {
      type: MarkerType.ArrowClosed,
      width: 24,
      height: 24,
      color: "context-stroke",
      // By the stroke's width, the head of an active edge would be as large as a label.
      markerUnits: "userSpaceOnUse",
    },
  };
}
