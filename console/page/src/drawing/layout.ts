/** Where the boxes and lines of a graph are, from the layers and places that the server gives. Pure. */
import type { Edge, Graph, Node } from "../api/contract.ts";
import type { Size } from "./viewport.ts";

export interface Point {
  x: number;
  y: number;
}

export interface Line {
  edge: Edge;
  from: Point;
  to: Point;
}

/** Boxes by the names of their steps, each by its top left corner. */
export interface Layout {
  boxes: ReadonlyMap<string, Point>;
  lines: readonly Line[];
  size: Size;
}

export const BOX = { width: 200, height: 58 };
const GAP = { x: 84, y: 20 };
/** A layer of more steps is folded into columns beside each other. */
const ROWS = 30;

export function layOut(graph: Graph): Layout {
  const layers = byLayer(graph.nodes);
  const boxes = new Map<string, Point>();
  let x = 0;
  for (const layer of layers) {
    const folded = layer.length > ROWS;
    const rows = folded ? Math.max(ROWS, Math.ceil(Math.sqrt(layer.length * 3))) : layer.length;
    layer.forEach((node, index) => {
      const column = folded ? Math.floor(index / rows) : 0;
      const y = folded ? (index % rows) - (Math.min(rows, layer.length) - 1) / 2 : node.y - (graph.height - 1) / 2;
      boxes.set(node.name, { x: x + column * (BOX.width + GAP.y), y: y * (BOX.height + GAP.y) });
    });
    x += Math.ceil(layer.length / Math.max(1, rows)) * (BOX.width + GAP.y) - GAP.y + GAP.x;
  }
  const size = fromZero(boxes, x - GAP.x);
  return { boxes, lines: graph.edges.flatMap((edge) => line(edge, boxes)), size };
}

function byLayer(nodes: readonly Node[]): Node[][] {
  const layers = new Map<number, Node[]>();
  for (const node of nodes) {
    const layer = layers.get(node.x);
    if (layer) layer.push(node);
    else layers.set(node.x, [node]);
  }
  const found = [...layers].sort(([one], [other]) => one - other).map(([, layer]) => layer);
  for (const layer of found) layer.sort((one, other) => one.y - other.y);
  return found;
}

/** Move all boxes so that the topmost is at 0; return the size of the whole. */
function fromZero(boxes: Map<string, Point>, width: number): Size {
  let [least, most] = [Infinity, -Infinity];
  for (const { y } of boxes.values()) [least, most] = [Math.min(least, y), Math.max(most, y)];
  if (boxes.size === 0) return { width: 0, height: 0 };
  for (const box of boxes.values()) box.y -= least;
  return { width, height: most - least + BOX.height };
}

function line(edge: Edge, boxes: ReadonlyMap<string, Point>): Line[] {
  const [parent, child] = [boxes.get(edge.parent), boxes.get(edge.child)];
  if (!parent || !child) return [];
  const middle = BOX.height / 2;
  return [{ edge, from: { x: parent.x + BOX.width, y: parent.y + middle }, to: { x: child.x, y: child.y + middle } }];
}
