/** A step: its children, or their items, as a heat map; one of them with its items and its log. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address, ask, href } from "../../address.ts";
import type { Cells, Items, Node, RunDetail } from "../../api/contract.ts";
import { onChange } from "../../api/changes.ts";
import { read } from "../../api/request.ts";
import { useRead } from "../../api/use_read.ts";
import { HeatMap, type Hovered } from "../../drawing/heat_map.ts";
import { type Colouring, EXACT, LETTERS, SHADES, StepCells, TONES, type Unit, WORDS } from "../../drawing/step_cells.ts";
import { Canvas, type Surface } from "../../drawing/surface.tsx";
import type { Size, Viewport } from "../../drawing/viewport.ts";
import { Choice } from "../../parts/choice.tsx";
import { Empty, Read } from "../../parts/notice.tsx";
import { Mark, State } from "../../parts/state.tsx";
import { Typed } from "../../parts/typed.tsx";
import { count, counted, duration } from "../../words.ts";

const MAX_CELLS = 10_000;
/** So many parts of 500 children, and so many children's items, are read for what is on the screen. */
const MOST_PARTS = 4;
const MOST_BLOCKS = 12;
const QUIET = 250;

export function StepView({ detail, step }: { detail: RunDetail; step: string }) {
  const node = detail.graph.nodes.find((one) => one.name === step);
  const runId = detail.run.run_id;
  if (!node) return <Empty>This run has no step {step}.</Empty>;
  return (
    <>
      <Head runId={runId} node={node} />
      {node.state === "NOT_RUN" ? (
        <Empty>It never ran{node.reason && `: ${node.reason}`}.</Empty>
      ) : node.state === "EMPTY" ? (
        <Empty>There was nothing to do.</Empty>
      ) : node.children === 0 || node.state === "WAITING" ? (
        <Empty>
          It has no children yet. <a href={href(["runs", runId, "why"])}>Why does it wait?</a>
        </Empty>
      ) : (
        <Children runId={runId} node={node} />
      )}
    </>
  );
}

function Head({ runId, node }: { runId: string; node: Node }) {
  return (
    <p class="headline step-head">
      <a href={href(["runs", runId], { step: node.name })}>Graph</a>
      <span aria-hidden="true">›</span>
      <b>{node.name}</b> <State state={node.state} />
      <span class="muted">
        {node.kind}
        {node.generation > 0 && ` · generation ${node.generation}`}
        {node.seconds !== null && ` · ${duration(node.seconds)}`}
        {node.items !== null && ` · ${counted(node.items, "item")}`}
        {node.failed_items ? ` · ${count(node.failed_items)} not done` : ""}
      </span>
      <span class="end links">
        <a href={href(["runs", runId, "logs"], { step: node.name })}>Log</a>
      </span>
    </p>
  );
}

function Children({ runId, node }: { runId: string; node: Node }) {
  const base = `/api/runs/${encodeURIComponent(runId)}/steps/${encodeURIComponent(node.name)}`;
  const cells = useRead<Cells>(`${base}/children?from=0&count=${MAX_CELLS}`, runId);
  return <Read of={cells}>{(found) => <Map runId={runId} base={base} found={found} node={node} />}</Read>;
}

function Map({ runId, base, found, node }: { runId: string; base: string; found: Cells; node: Node }) {
  const { query } = address.value;
  const hasItems = found.items !== null && found.items > found.total;
  const unit: Unit = hasItems && query["of"] !== "children" ? "items" : "children";
  const colouring = (["duration", "attempts"].find((one) => one === query["colour"]) ?? "state") as Colouring;
  const chosen = query["child"] === undefined ? null : Math.min(found.total - 1, Math.max(0, Number(query["child"]) || 0));
  const [hovered, point] = useState<Hovered | null>(null);
  const [, redraw] = useState(0);
  const surface = useRef<Surface | null>(null);
  const cells = useMemo(
    () => new StepCells(found, unit, colouring, innerWidth < 700 ? 0.9 : 2.4),
    [runId, node.name, unit, colouring, found.total, found.generation],
  );
  const nearby = useMemo(() => new Nearby(base, cells, () => (surface.current?.redraw(), redraw((last) => last + 1))), [cells]);
  const drawing = useMemo(
    () => new HeatMap(cells, { choose: (child) => ask({ child }), point, look: (view, screen) => nearby.look(view, screen) }),
    [cells],
  );
  useMemo(() => cells.take(found), [found]);
  drawing.chosen = chosen;
  useEffect(() => {
    const silent = onChange(runId, () => nearby.forget());
    return () => {
      silent();
      nearby.close();
    };
  }, [nearby]);
  useEffect(() => surface.current?.show(drawing), [drawing, found, chosen]);
  const what = unit === "items" ? counted(found.items ?? 0, "item") : counted(found.total, "child", "children");
  return (
    <>
      <div class="toolbar">
        {hasItems && <Choice name="of" label="Cells" value={unit} options={["items", "children"]} />}
        <Choice name="colour" label="Colour" value={colouring} options={["state", "duration", "attempts"]} />
        <label>
          Child{" "}
          <Typed type="number" min={0} max={found.total - 1} value={String(chosen ?? "")} take={(value) => ask({ child: value })} />
        </label>
        <span class="muted">{counted(found.total, "child", "children")}</span>
      </div>
      <Canvas
        drawing={drawing}
        name="heat"
        label={`Heat map of ${what}. Arrow keys go from child to child, plus and minus zoom.`}
        onSurface={(made) => {
          surface.current = made;
        }}
      >
        {hovered && <Tip cells={cells} at={hovered} />}
      </Canvas>
      <Legend cells={cells} />
      <div aria-live="polite">{chosen !== null && <ChildCard key={chosen} runId={runId} base={base} cells={cells} child={chosen} node={node} />}</div>
    </>
  );
}

/** Reads more of what is on the screen once few enough cells are: durations and attempts, and single items. */
class Nearby {
  private read = new Set<string>();
  private timer = 0;
  private end = new AbortController();
  private last: [Viewport, Size] | null = null;

  constructor(
    private base: string,
    private cells: StepCells,
    private tell: () => void,
  ) {}

  look(view: Viewport, screen: Size): void {
    this.last = [view, screen];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(view, screen), QUIET);
  }

  /** Something changed: what is on the screen is read again. */
  forget(): void {
    this.read.clear();
    if (this.last) this.look(...this.last);
  }

  close(): void {
    clearTimeout(this.timer);
    this.end.abort();
  }

  private load(view: Viewport, screen: Size): void {
    const at = (value: number, from: number) => (value - from) / view.scale;
    const seen = this.cells.within(at(0, view.x), at(0, view.y), at(screen.width, view.x), at(screen.height, view.y));
    const [first, last] = [Math.floor(seen.rows[0] / EXACT), Math.floor(seen.rows[1] / EXACT)];
    if (last - first < MOST_PARTS) {
      for (let part = first; part <= last; part += 1) {
        void this.once<Cells>(`${this.base}/children?from=${part * EXACT}&count=${EXACT}`, (found) => this.cells.take(found));
      }
    }
    if (this.cells.unit !== "items" || seen.children.length > MOST_BLOCKS) return;
    for (const child of seen.children) {
      const [from, to] = this.cells.itemsOf(child);
      const path = `${this.base}/items?from=${from}&count=${Math.min(EXACT, to - from)}`;
      void this.once<Items>(path, (found) => this.cells.takeItems(found));
    }
  }

  private async once<T>(path: string, take: (found: T) => void): Promise<void> {
    if (this.read.has(path)) return;
    this.read.add(path);
    try {
      take(await read<T>(path, this.end.signal));
      this.tell();
    } catch {
      this.read.delete(path); // The map shows what it knows; a child that is opened says what went wrong.
    }
  }
}

function Tip({ cells, at }: { cells: StepCells; at: Hovered }) {
  const child = cells.child(at.child);
  return (
    <p class="tip" style={{ left: `${at.left}px`, top: `${at.top}px` }}>
      {at.item === null ? "" : `item ${count(at.item)} · `}child {count(at.child)} · {WORDS[child.letter] ?? "not read"}
      {child.seconds !== null && ` · ${duration(child.seconds)}`}
      {child.attempts !== null && child.attempts > 1 && ` · ${child.attempts} attempts`}
    </p>
  );
}

function Legend({ cells }: { cells: StepCells }) {
  if (cells.colouring === "state") {
    const counts = cells.counts();
    const shown = [...LETTERS].filter((letter) => letter !== " " && (counts.get(letter) ?? 0) > 0).reverse();
    return (
      <ul class="legend" aria-label="Children by state">
        {shown.map((letter) => (
          <li key={letter}>
            <Mark tone={TONES[LETTERS.indexOf(letter)] ?? "none"} /> {WORDS[letter]} {count(counts.get(letter) ?? 0)}
          </li>
        ))}
        {cells.hasPartly && (
          <li>
            <Mark tone="warn" /> {WORDS["p"]}
          </li>
        )}
      </ul>
    );
  }
  const times = cells.times;
  const ends = cells.colouring === "attempts" ? ["0 attempts", `${SHADES - 1} or more`] : times ? times.map(duration) : ["short", "long"];
  return (
    <p class="legend">
      {ends[0]} <span class="ramp" aria-hidden="true" /> {ends[1]}
      {cells.total > EXACT && <span class="muted"> Known of the part that you zoom into.</span>}
    </p>
  );
}

function ChildCard(props: { runId: string; base: string; cells: StepCells; child: number; node: Node }) {
  const { runId, base, cells, child, node } = props;
  const known = cells.child(child);
  const [from, to] = cells.itemsOf(child);
  const items = useRead<Items>(`${base}/items?from=${from}&count=${Math.min(EXACT, Math.max(1, to - from))}`, runId);
  const tone = TONES[LETTERS.indexOf(known.letter)] ?? "none";
  return (
    <section class="card chosen" aria-label={`Child ${child}`}>
      <p class="headline">
        <Mark tone={tone} /> <b>Child {count(child)}</b> {WORDS[known.letter] ?? "not read"}
        <span class="muted">
          {known.seconds !== null && ` · ${duration(known.seconds)}`}
          {known.attempts !== null && ` · ${counted(known.attempts, "attempt")}`}
          {known.done !== null && ` · ${count(known.done)} of ${counted(to - from, "item")} done`}
          {known.failed ? ` · ${count(known.failed)} failed` : ""}
        </span>
        <span class="end links">
          <a href={href(["runs", runId, "logs"], { step: node.name, child: node.children > 1 ? child : null })}>Log</a>
        </span>
      </p>
      <Read of={items}>
        {(found) => (
          <ul class="rows items">
            {found.is_removed && <li class="muted">The cleanup of the run has removed the list of its items.</li>}
            {found.items.filter((item) => !found.is_removed || item.reason).map((item) => (
              <li key={item.item}>
                <Mark tone={TONES[LETTERS.indexOf(item.state)] ?? "none"} word={WORDS[item.state] ?? item.state} />
                <span class="number muted">{count(item.item)}</span>
                <span class="mono">{item.text}</span>
                {item.reason && <span class="reason">{item.reason}</span>}
              </li>
            ))}
          </ul>
        )}
      </Read>
    </section>
  );
}
