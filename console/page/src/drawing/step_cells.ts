/** What is known of a step's children and items, as values of the cells of a heat map. Pure. */
import type { Cells, Items } from "../api/contract.ts";
import type { Tone } from "../palette.ts";
import { CellField } from "./cell_field.ts";

export type Colouring = "state" | "duration" | "attempts";
export type Unit = "children" | "items";

/** The letters of the contract in the order of how much they ask for a person; "p": some items of it failed. */
export const LETTERS = " ns?wbrpf";
export const TONES: readonly Tone[] = ["none", "none", "ok", "wait", "wait", "boot", "run", "warn", "bad"];
export const WORDS: Readonly<Record<string, string>> = {
  n: "never ran",
  s: "succeeded",
  "?": "not ended",
  w: "waiting",
  b: "booting",
  r: "running",
  p: "some items failed",
  f: "failed",
};
/** How many shades durations and attempts have; 0 is that of what is not known. */
export const SHADES = 10;
/** Up to so many children come with durations and attempts. */
export const EXACT = 500;

export interface Child {
  child: number;
  letter: string;
  attempts: number | null;
  seconds: number | null;
  done: number | null;
  failed: number | null;
}

export class StepCells {
  readonly total: number;
  readonly items: number;
  readonly field: CellField;
  /** A child's items are a block of so many cells. */
  readonly block: { width: number; height: number };
  private readonly columns: number;
  private states: string;
  private readonly attempts = new Map<number, number>();
  private readonly seconds = new Map<number, number>();
  private done: Cells["done_items"] = null;
  private failed: Cells["failed_items"] = null;
  private readonly itemStates = new Map<number, string>();
  private range: [number, number] = [Infinity, 0];

  constructor(
    cells: Cells,
    readonly unit: Unit,
    readonly colouring: Colouring,
    aspect: number,
  ) {
    this.total = cells.total;
    this.items = cells.items ?? cells.total;
    const each = unit === "items" ? Math.max(1, Math.ceil(this.items / Math.max(1, this.total))) : 1;
    const width = Math.ceil(Math.sqrt(each));
    this.block = { width, height: Math.ceil(each / width) };
    const [across, down] = [this.block.width, this.block.height];
    this.columns = Math.max(1, Math.min(this.total, Math.ceil(Math.sqrt((this.total * aspect * down) / across))));
    this.field = new CellField(this.columns * across, Math.max(1, Math.ceil(this.total / this.columns)) * down);
    this.states = " ".repeat(this.total);
    this.take(cells);
  }

  /** Take what was read of all children, or of some. */
  take(cells: Cells): void {
    const before = this.range.join();
    const old = this.states;
    this.states = old.slice(0, cells.start) + cells.states + old.slice(cells.start + cells.states.length);
    const [doneBefore, failedBefore] = [this.done, this.failed];
    if (cells.count === cells.total || this.done === null) [this.done, this.failed] = [cells.done_items, cells.failed_items];
    cells.attempts?.forEach((value, index) => this.attempts.set(cells.start + index, value));
    cells.seconds?.forEach((value, index) => this.time(cells.start + index, value));
    if (this.colouring === "duration" && before !== this.range.join()) {
      this.paintAll(); // The shades mean other durations now.
      return;
    }
    for (let child = cells.start; child < cells.start + cells.states.length; child += 1) {
      const same = old[child] === this.states[child] && doneBefore?.[child] === this.done?.[child] && failedBefore?.[child] === this.failed?.[child];
      if (!same || this.colouring !== "state") this.paint(child);
    }
  }

  /** Take what was read of some items. */
  takeItems(found: Items): void {
    for (const item of found.items) this.itemStates.set(item.item, item.state);
    for (const child of new Set(found.items.map((item) => item.child))) this.paint(child);
  }

  private time(child: number, value: number | null): void {
    if (value === null) return;
    this.seconds.set(child, value);
    this.range = [Math.min(this.range[0], value), Math.max(this.range[1], value)];
  }

  /** The least and the most seconds that are known. */
  get times(): readonly [number, number] | null {
    return this.seconds.size > 0 ? this.range : null;
  }

  private paintAll(): void {
    for (let child = 0; child < this.total; child += 1) this.paint(child);
  }

  private paint(child: number): void {
    const [first, end] = this.itemsOf(child);
    const cells = this.unit === "items" ? end - first : 1;
    const whole = this.valueOf(child);
    for (let index = 0; index < cells; index += 1) {
      const own = this.colouring === "state" && this.unit === "items" ? this.itemStates.get(first + index) : undefined;
      const { x, y } = this.placeOf(child, index);
      this.field.set(x, y, own === undefined ? whole : LETTERS.indexOf(own));
    }
  }

  private valueOf(child: number): number {
    if (this.colouring === "state") return LETTERS.indexOf(this.letterOf(child));
    if (this.colouring === "attempts") return Math.min(SHADES, (this.attempts.get(child) ?? -1) + 1);
    const seconds = this.seconds.get(child);
    if (seconds === undefined) return 0;
    const [least, most] = this.range.map((value) => Math.log(1 + value)) as [number, number];
    const share = most > least ? (Math.log(1 + seconds) - least) / (most - least) : 0.5;
    return 1 + Math.round(share * (SHADES - 1));
  }

  private letterOf(child: number): string {
    const letter = this.states[child] ?? " ";
    const done = this.done?.[child] ?? 0;
    return letter === "f" && this.unit === "items" && done > 0 ? "p" : letter;
  }

  /** Return the numbers of a child's items: from, and to before. */
  itemsOf(child: number): readonly [number, number] {
    return [Math.floor((child * this.items) / this.total), Math.floor(((child + 1) * this.items) / this.total)];
  }

  private placeOf(child: number, index: number): { x: number; y: number } {
    const { width, height } = this.block;
    return {
      x: (child % this.columns) * width + (index % width),
      y: Math.floor(child / this.columns) * height + Math.floor(index / width),
    };
  }

  /** Return the middle of a child's cells. */
  middleOf(child: number): { x: number; y: number } {
    const { x, y } = this.placeOf(child, 0);
    return { x: x + this.block.width / 2, y: y + this.block.height / 2 };
  }

  /** Return the child, and the item, at a point of the field; null where none is. */
  at(x: number, y: number): { child: number; item: number | null } | null {
    const { width, height } = this.block;
    if (x < 0 || y < 0 || x >= this.field.width || y >= this.field.height) return null;
    const child = Math.floor(y / height) * this.columns + Math.floor(x / width);
    if (child >= this.total) return null;
    const [first, end] = this.itemsOf(child);
    const item = first + (Math.floor(y) % height) * width + (Math.floor(x) % width);
    if (this.unit === "children") return { child, item: end - first === 1 && this.items > 0 ? first : null };
    return item < end ? { child, item } : null;
  }

  /** Return the neighbour of a child in a direction of the keyboard. */
  neighbour(child: number, key: string): number | null {
    const by = ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns } as Record<string, number>)[key];
    if (by === undefined) return null;
    return Math.min(this.total - 1, Math.max(0, child + by));
  }

  /** Return the children in a part of the field, by their first and last. */
  within(left: number, top: number, right: number, bottom: number): { rows: [number, number]; children: number[] } {
    const { width, height } = this.block;
    const [from, to] = [Math.max(0, Math.floor(left / width)), Math.min(this.columns - 1, Math.floor(right / width))];
    const rows: [number, number] = [Math.max(0, Math.floor(top / height)), Math.floor(bottom / height)];
    const first = rows[0] * this.columns;
    const last = Math.min(this.total - 1, (rows[1] + 1) * this.columns - 1);
    const children: number[] = [];
    for (let row = rows[0]; row <= rows[1] && children.length <= EXACT; row += 1) {
      for (let column = from; column <= to; column += 1) {
        const child = row * this.columns + column;
        if (child < this.total) children.push(child);
      }
    }
    return { rows: [first, last], children };
  }

  child(child: number): Child {
    return {
      child,
      letter: this.states[child] ?? " ",
      attempts: this.attempts.get(child) ?? null,
      seconds: this.seconds.get(child) ?? null,
      done: this.done?.[child] ?? null,
      failed: this.failed?.[child] ?? null,
    };
  }

  /** Whether there is a child of which some items are done, and some failed. */
  get hasPartly(): boolean {
    return [...this.states].some((letter, child) => letter === "f" && this.letterOf(child) === "p");
  }

  /** Return how many children have each letter. */
  counts(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const letter of this.states) found.set(letter, (found.get(letter) ?? 0) + 1);
    return found;
  }
}
