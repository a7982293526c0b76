import { useReactFlow } from "@xyflow/react";
import type { ReactNode } from "react";
import { Icon, type IconName } from "./icons";

/** A small bar in the corner of a canvas: nearer, farther, everything, and what the page adds. */
export function ZoomBar({ fit, onZoom, children }: BarProps) {
  const { zoomIn, zoomOut } = useReactFlow();
  const zoom = (by: typeof zoomIn) => () => {
    onZoom?.();
    void by();
  };
  return (
    <div className="cs-zoom">
      <ZoomButton icon="minus" label="Zoom out" action={zoom(zoomOut)} />
      <ZoomButton icon="plus" label="Zoom in" action={zoom(zoomIn)} />
      <ZoomButton icon="fit" label="Show everything" action={fit} />
      {children}
    </div>
  );
}

type BarProps = { fit: () => void; onZoom?: () => void; children?: ReactNode };

type ButtonProps = {
  icon: IconName;
  label: string;
  title?: string;
  disabled?: boolean;
  action: () => void;
};

export function ZoomButton({ icon, label, title = label, disabled = false, action }: ButtonProps) {
  return (
    <button
      type="button"
      className="btn btn-quiet btn-square"
      aria-label={label}
      title={title}
      disabled={disabled}
      onClick={action}
    >
      <Icon name={icon} />
    </button>
  );
}
