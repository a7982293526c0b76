import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { EmptySeat } from "./seats";

export type SlotFlowNode = Node<EmptySeat & { inviting?: boolean }, "slot">;

/** An empty place of the pattern. `inviting` while a role is dragged over it. */
function SlotNodeView({ data, selected }: NodeProps<SlotFlowNode>) {
  return (
    <div
      className="cs-slot"
      data-inviting={data.inviting || undefined}
      data-needed={data.needed || undefined}
      data-selected={selected || undefined}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} className="cs-handle" />
      <span className="cs-slot-seat">{data.title}</span>
      <span className="cs-slot-hint">
        {data.needed ? "drop a role here" : "optional: drop a role here"}
      </span>
      <Handle type="source" position={Position.Right} isConnectable={false} className="cs-handle" />
    </div>
  );
}

export const SlotNode = memo(SlotNodeView);
