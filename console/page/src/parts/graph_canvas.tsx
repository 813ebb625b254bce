/** A graph on a canvas: one chooses a node, opens it, and reads of a line what it means. */
import { useMemo, useRef, useState } from "preact/hooks";
import type { Edge, Graph, Node } from "../api/contract.ts";
import { GraphDrawing } from "../drawing/graph.ts";
import { Canvas, type Surface } from "../drawing/surface.tsx";

/** Graphs of layers that have no more nodes need little height. */
const LOW = 3;

/** `about` says which graph it is: another one is drawn anew. */
export function GraphCanvas({
  graph,
  about,
  chosen,
  label,
  choose,
  open,
}: {
  graph: Graph;
  about: string;
  chosen: string | null;
  label: string;
  choose: (node: Node) => void;
  open: (node: Node) => void;
}) {
  const [pointed, point] = useState<{ edge: Edge; left: number; top: number } | null>(null);
  const surface = useRef<Surface | null>(null);
  const drawing = useMemo(
    () =>
      new GraphDrawing(graph, chosen, {
        choose,
        open,
        point: (edge, at) => {
          surface.current?.redraw();
          point(edge && at ? { edge, left: at.left, top: at.top } : null);
        },
      }),
    [about],
  );
  drawing.chosen = chosen;
  useMemo(() => drawing.update(graph), [graph]);
  surface.current?.show(drawing);
  return (
    <Canvas
      drawing={drawing}
      name={graph.height <= LOW ? "graph low" : "graph"}
      label={label}
      onSurface={(made) => {
        surface.current = made;
      }}
    >
      {pointed && (
        <p class="tip" style={{ left: `${pointed.left}px`, top: `${pointed.top}px` }}>
          {pointed.edge.text}
        </p>
      )}
    </Canvas>
  );
}
