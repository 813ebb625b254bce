/** Draws a run's graph: boxes with state and counted progress, lines that are dashed while something waits. */
import type { Counts, Edge, Graph, Node } from "../api/contract.ts";
import { lookOf, type Tone } from "../palette.ts";
import { colour } from "../theme.ts";
import { count, counted, duration } from "../words.ts";
import { cut, mark } from "./glyphs.ts";
import { BOX, type Layout, layOut, type Line, type Point } from "./layout.ts";
import type { Drawing, Surface } from "./surface.tsx";
import { revealed, type Size, type Viewport } from "./viewport.ts";

export interface Chosen {
  node: Node | null;
  edge: Edge | null;
}

const FONT = "system-ui, sans-serif";
/** Below these scales a box has no second line, and no text at all. */
const ALL_TEXT = 0.55;
const SOME_TEXT = 0.3;
const NEAR_LINE = 8;
const PARTS: readonly (readonly [keyof Counts, Tone])[] = [
  ["done", "ok"],
  ["failed", "bad"],
  ["running", "run"],
  ["waiting", "wait"],
];

interface Seen {
  node: Node;
  at: Point;
  tone: Tone;
}

export class GraphDrawing implements Drawing {
  readonly mostScale = 2;
  readonly fitScale = 1;
  private layout: Layout;
  private nodes: ReadonlyMap<string, Node>;
  private shape: string;
  private over: Edge | null = null;

  constructor(
    private graph: Graph,
    public chosen: string | null,
    private act: { choose: (node: Node) => void; open: (node: Node) => void; point: (edge: Edge | null, at: { left: number; top: number } | null) => void },
  ) {
    this.layout = layOut(graph);
    this.shape = shapeOf(graph);
    this.nodes = byName(graph);
  }

  get size(): Size {
    return this.layout.size;
  }

  /** Take what the graph is now; boxes stay where they are while its steps are the same. */
  update(graph: Graph): void {
    const shape = shapeOf(graph);
    if (shape !== this.shape) this.layout = layOut(graph);
    else {
      const edges = new Map(graph.edges.map((edge) => [`${edge.parent}\n${edge.child}`, edge]));
      const lines = this.layout.lines.map((line) => ({ ...line, edge: edges.get(`${line.edge.parent}\n${line.edge.child}`) ?? line.edge }));
      this.layout = { ...this.layout, lines };
    }
    this.shape = shape;
    this.graph = graph;
    this.nodes = byName(graph);
  }

  draw(pen: CanvasRenderingContext2D, view: Viewport, screen: Size): void {
    pen.translate(view.x, view.y);
    pen.scale(view.scale, view.scale);
    const seen = { left: -view.x / view.scale, top: -view.y / view.scale, right: (screen.width - view.x) / view.scale, bottom: (screen.height - view.y) / view.scale };
    const isSeen = (x: number, y: number, width: number, height: number) =>
      x < seen.right && x + width > seen.left && y < seen.bottom && y + height > seen.top;
    this.drawLines(pen, view.scale, isSeen);
    const boxes: Seen[] = [];
    for (const node of this.graph.nodes) {
      const at = this.layout.boxes.get(node.name);
      if (at && isSeen(at.x, at.y, BOX.width, BOX.height)) boxes.push({ node, at, tone: lookOf(node.state).tone });
    }
    if (view.scale < SOME_TEXT) this.drawSmall(pen, boxes, view.scale);
    else this.drawBoxes(pen, boxes, view.scale);
  }

  private drawLines(pen: CanvasRenderingContext2D, scale: number, isSeen: (x: number, y: number, width: number, height: number) => boolean): void {
    const isSmall = scale < SOME_TEXT;
    const kinds: [string, (line: Line) => boolean, boolean][] = [
      ["line-strong", ({ edge }) => !edge.open && edge !== this.over, false],
      ["muted", ({ edge }) => edge.open && edge !== this.over, true],
      ["accent", ({ edge }) => edge === this.over || this.touches(edge), false],
    ];
    for (const [name, belongs, dashed] of kinds) {
      pen.beginPath();
      for (const line of this.layout.lines) {
        if (!belongs(line)) continue;
        const [{ x, y }, { x: toX, y: toY }] = [line.from, line.to];
        if (!isSeen(x, Math.min(y, toY) - 1, toX - x, Math.abs(toY - y) + 2)) continue;
        const bend = Math.max(30, (toX - x) / 2);
        pen.moveTo(x, y);
        if (isSmall) pen.lineTo(toX, toY);
        else pen.bezierCurveTo(x + bend, y, toX - bend, toY, toX, toY);
      }
      pen.setLineDash(dashed && !isSmall ? [6, 5] : []);
      pen.strokeStyle = colour(name);
      pen.lineWidth = Math.max(name === "accent" ? 2 : 1.5, 0.6 / scale);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  private touches(edge: Edge): boolean {
    return this.chosen !== null && (edge.parent === this.chosen || edge.child === this.chosen);
  }

  /** Boxes that are too small for words: a colour each, and a shape as long as one can be told. */
  private drawSmall(pen: CanvasRenderingContext2D, boxes: readonly Seen[], scale: number): void {
    fillEach(pen, boxes, ({ tone }) => tone, ({ at }) => [at.x, at.y, BOX.width, BOX.height]);
    if (scale > 0.12) for (const { tone, at } of boxes) mark(pen, tone, at.x + BOX.width / 2 - 18, at.y + BOX.height / 2 - 18, 36, scale);
    this.outline(pen, boxes, scale);
  }

  /** Boxes with words. Each kind of thing is drawn for all boxes at once: a pen that is changed for each is slow. */
  private drawBoxes(pen: CanvasRenderingContext2D, boxes: readonly Seen[], scale: number): void {
    const all = scale >= ALL_TEXT;
    pen.beginPath();
    for (const { at } of boxes) pen.roundRect(at.x, at.y, BOX.width, BOX.height, 8);
    pen.fillStyle = colour("card");
    pen.fill();
    pen.strokeStyle = colour("line-strong");
    pen.lineWidth = 1;
    pen.stroke();
    this.outline(pen, boxes, scale);
    for (const { tone, at } of boxes) mark(pen, tone, at.x + 10, at.y + 10, all ? 16 : 22, scale);
    pen.textBaseline = "middle";
    pen.fillStyle = colour("ink");
    pen.font = all ? `600 13px ${FONT}` : `600 20px ${FONT}`;
    for (const { node, at } of boxes) {
      if (all) pen.fillText(cut(pen, node.name, BOX.width - 44), at.x + 34, at.y + 18.5);
      else pen.fillText(cut(pen, node.name, BOX.width - 50), at.x + 40, at.y + 22);
    }
    if (all) this.drawProgress(pen, boxes);
    drawBars(pen, boxes);
  }

  private drawProgress(pen: CanvasRenderingContext2D, boxes: readonly Seen[]): void {
    pen.font = `12px ${FONT}`;
    pen.fillStyle = colour("muted");
    const tookOf = (node: Node) => (node.seconds === null ? "" : duration(node.seconds));
    for (const { node, at } of boxes) {
      const took = tookOf(node);
      const room = BOX.width - 22 - (took ? Math.ceil(pen.measureText(took).width) + 6 : 0);
      pen.fillText(cut(pen, progress(node), room), at.x + 11, at.y + 37);
    }
    pen.textAlign = "right";
    for (const { node, at } of boxes) pen.fillText(tookOf(node), at.x + BOX.width - 10, at.y + 37);
    pen.textAlign = "left";
  }

  /** What failed, and what is chosen, has a line of its own around it. */
  private outline(pen: CanvasRenderingContext2D, boxes: readonly Seen[], scale: number): void {
    for (const { node, at } of boxes) {
      const isChosen = node.name === this.chosen;
      if (!isChosen && node.state !== "FAILED") continue;
      pen.beginPath();
      pen.roundRect(at.x, at.y, BOX.width, BOX.height, 8);
      pen.strokeStyle = colour(isChosen ? "accent" : "bad");
      pen.lineWidth = Math.max(isChosen ? 3 : 2, 2 / scale);
      pen.stroke();
    }
  }

  choose(x: number, y: number): void {
    const node = this.nodeAt(x, y);
    if (!node) return;
    if (node.name === this.chosen) this.act.open(node);
    else this.act.choose(node);
  }

  private nodeAt(x: number, y: number): Node | undefined {
    return this.graph.nodes.find((node) => {
      const at = this.layout.boxes.get(node.name);
      return at && x >= at.x && x <= at.x + BOX.width && y >= at.y && y <= at.y + BOX.height;
    });
  }

  hover(at: { x: number; y: number; left: number; top: number } | null): void {
    const found = at && !this.nodeAt(at.x, at.y) ? this.lineAt(at.x, at.y) : null;
    this.over = found;
    this.act.point(found, at);
  }

  private lineAt(x: number, y: number): Edge | null {
    for (const { edge, from, to } of this.layout.lines) {
      if (x < from.x || x > to.x) continue;
      const share = (x - from.x) / Math.max(1, to.x - from.x);
      // A curve with level ends, near enough to tell which one is meant.
      const eased = share * share * (3 - 2 * share);
      if (Math.abs(from.y + (to.y - from.y) * eased - y) < NEAR_LINE) return edge;
    }
    return null;
  }

  key(name: string, surface: Surface): boolean {
    const current = this.chosen === null ? undefined : this.nodes.get(this.chosen);
    if (name === "Enter" && current) {
      this.act.open(current);
      return true;
    }
    const next = name.startsWith("Arrow") ? this.neighbour(name, current) : undefined;
    const at = next && this.layout.boxes.get(next.name);
    if (!next || !at) return name.startsWith("Arrow");
    this.act.choose(next);
    surface.look(revealed(surface.view, at.x + BOX.width / 2, at.y + BOX.height / 2, surface.screen, 120));
    return true;
  }

  private neighbour(key: string, from: Node | undefined): Node | undefined {
    if (!from) return this.graph.nodes[0];
    const at = this.layout.boxes.get(from.name) as Point;
    const [dx, dy] = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as Record<string, [number, number]>)[key] ?? [0, 0];
    let [best, least]: [Node | undefined, number] = [undefined, Infinity];
    for (const node of this.graph.nodes) {
      const to = this.layout.boxes.get(node.name) as Point;
      const [along, aside] = [(to.x - at.x) * dx + (to.y - at.y) * dy, Math.abs((to.x - at.x) * dy) + Math.abs((to.y - at.y) * dx)];
      const far = along + 3 * aside;
      if (along > 1 && far < least) [best, least] = [node, far];
    }
    return best;
  }
}

/** Fill rectangles, all of a colour at once. */
function fillEach(pen: CanvasRenderingContext2D, boxes: readonly Seen[], nameOf: (box: Seen) => string, rectangle: (box: Seen) => [number, number, number, number]): void {
  for (const name of new Set(boxes.map(nameOf))) {
    pen.beginPath();
    for (const box of boxes) if (nameOf(box) === name) pen.rect(...rectangle(box));
    pen.fillStyle = colour(name);
    pen.fill();
  }
}

function drawBars(pen: CanvasRenderingContext2D, boxes: readonly Seen[]): void {
  const [wide, y] = [BOX.width - 20, BOX.height - 9];
  fillEach(pen, boxes, () => "none", ({ at }) => [at.x + 10, at.y + y, wide, 4]);
  for (const [name, tone] of PARTS) {
    // What never ran is neither done nor failed, and waits for nothing any more.
    const some = boxes.filter(({ node, tone: own }) => own !== "none" && node.children > 0 && node.counts[name] > 0);
    const before = PARTS.slice(0, PARTS.findIndex(([one]) => one === name)).map(([one]) => one);
    fillEach(pen, some, () => tone, ({ node, at }) => {
      const from = before.reduce((sum, one) => sum + node.counts[one], 0) / node.children;
      const share = node.counts[name] / node.children;
      return [at.x + 10 + from * wide, at.y + y, Math.max(share * wide, name === "failed" ? 2 : 0), 4];
    });
  }
}

/** Return what is known of a step's progress, in a line. */
export function progress(node: Node, word = lookOf(node.state).word): string {
  if (node.children <= 1 || node.state === "WAITING" || node.state === "NOT_RUN") {
    return [word, node.items ? counted(node.items, "item") : ""].filter(Boolean).join(" · ");
  }
  const { done, failed, running, waiting } = node.counts;
  const parts = [`${count(done)}/${count(node.children)}`];
  if (failed > 0) parts.push(`${count(failed)} failed`);
  if (running > 0) parts.push(`${count(running)} run`);
  if (waiting > 0 && failed === 0) parts.push(`${count(waiting)} wait`);
  return parts.join(" · ");
}

function shapeOf(graph: Graph): string {
  return graph.nodes.map((node) => `${node.name}@${node.x},${node.y}`).join("|") + graph.edges.length;
}

function byName(graph: Graph): ReadonlyMap<string, Node> {
  return new Map(graph.nodes.map((node) => [node.name, node]));
}
