/** Draws the children of a step, or their items, as one field of coloured cells: a million of them on one canvas. */
import { colour } from "../theme.ts";
import type { CellField, Level } from "./cell_field.ts";
import { shape } from "./glyphs.ts";
import { SHADES, type StepCells, TONES } from "./step_cells.ts";
import type { Drawing, Surface } from "./surface.tsx";
import { revealed, type Size, type Viewport } from "./viewport.ts";

const LINES_FROM = 4;
const SHAPES_FROM = 10;

export interface Hovered {
  child: number;
  item: number | null;
  left: number;
  top: number;
}

export class HeatMap implements Drawing {
  readonly mostScale = 44;
  readonly fitScale = 26;
  chosen: number | null = null;
  private images = new Map<Level, HTMLCanvasElement>();
  private colours = "";

  constructor(
    readonly cells: StepCells,
    private act: { choose: (child: number) => void; point: (at: Hovered | null) => void; look: (view: Viewport, screen: Size) => void },
  ) {}

  get size(): Size {
    return { width: this.cells.field.width, height: this.cells.field.height };
  }

  draw(pen: CanvasRenderingContext2D, view: Viewport, screen: Size): void {
    const { scale } = view;
    const colours = this.palette();
    if (colours.join() !== this.colours) {
      this.colours = colours.join();
      for (const level of this.cells.field.levels) level.dirty = [0, level.height];
    }
    const level = levelFor(this.cells.field, scale * (window.devicePixelRatio || 1));
    const image = this.imageOf(level, colours);
    pen.imageSmoothingEnabled = false;
    const [wide, high] = [this.size.width / level.width, this.size.height / level.height].map((by) => by * scale) as [number, number];
    // Only what is on the screen: an image of a million cells is larger than most canvases when it is zoomed.
    const [left, top] = [Math.max(0, Math.floor(-view.x / wide)), Math.max(0, Math.floor(-view.y / high))];
    const right = Math.min(level.width, Math.ceil((screen.width - view.x) / wide));
    const bottom = Math.min(level.height, Math.ceil((screen.height - view.y) / high));
    if (right > left && bottom > top) {
      const [w, h] = [right - left, bottom - top];
      pen.drawImage(image, left, top, w, h, view.x + left * wide, view.y + top * high, w * wide, h * high);
      if (scale >= SHAPES_FROM && this.cells.colouring === "state") this.drawShapes(pen, view, [left, top, right, bottom]);
      this.drawLines(pen, view, [left, top, right, bottom]);
    }
    this.drawChosen(pen, view);
    this.act.look(view, screen);
  }

  private palette(): string[] {
    if (this.cells.colouring === "state") return ["card", ...TONES.slice(1)].map((name) => colour(name));
    const [from, to] = [rgb(colour("shade-least")), rgb(colour("shade-most"))];
    const shades = Array.from({ length: SHADES }, (_, index) => {
      const share = index / (SHADES - 1);
      return `#${from.map((part, at) => Math.round(part + ((to[at] ?? 0) - part) * share).toString(16).padStart(2, "0")).join("")}`;
    });
    return [colour("none"), ...shades];
  }

  private imageOf(level: Level, colours: readonly string[]): HTMLCanvasElement {
    let image = this.images.get(level);
    if (!image) {
      image = document.createElement("canvas");
      [image.width, image.height] = [level.width, level.height];
      this.images.set(level, image);
    }
    const [from, to] = level.dirty;
    if (from >= to) return image;
    const pixels = new ImageData(level.width, to - from);
    const words = new Uint32Array(pixels.data.buffer);
    const inks = Uint32Array.from(colours, (name) => {
      const [red = 0, green = 0, blue = 0] = rgb(name);
      return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    });
    const begin = from * level.width;
    for (let at = 0; at < words.length; at += 1) {
      const value = level.values[begin + at] as number;
      words[at] = value === 0 && this.cells.colouring === "state" ? 0 : (inks[value] as number);
    }
    image.getContext("2d")?.putImageData(pixels, 0, from);
    level.dirty = [level.height, 0];
    return image;
  }

  private drawShapes(pen: CanvasRenderingContext2D, view: Viewport, [left, top, right, bottom]: readonly [number, number, number, number]): void {
    const size = Math.min(16, view.scale - 2);
    const stamps = new Map<number, HTMLCanvasElement>();
    const ratio = window.devicePixelRatio || 1;
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        const value = this.cells.field.get(x, y);
        if (value === 0) continue;
        let stamp = stamps.get(value);
        if (!stamp) stamps.set(value, (stamp = stampOf(value, size * ratio)));
        const middle = (view.scale - size) / 2;
        pen.drawImage(stamp, view.x + x * view.scale + middle, view.y + y * view.scale + middle, size, size);
      }
    }
  }

  private drawLines(pen: CanvasRenderingContext2D, view: Viewport, [left, top, right, bottom]: readonly [number, number, number, number]): void {
    const { width, height } = this.cells.block;
    const blocks = width > 1 || height > 1;
    pen.fillStyle = colour("card");
    const lines = (across: number, down: number, thick: number) => {
      for (let x = Math.ceil(left / across) * across; x <= right; x += across) {
        pen.fillRect(view.x + x * view.scale - thick / 2, view.y + top * view.scale, thick, (bottom - top) * view.scale);
      }
      for (let y = Math.ceil(top / down) * down; y <= bottom; y += down) {
        pen.fillRect(view.x + left * view.scale, view.y + y * view.scale - thick / 2, (right - left) * view.scale, thick);
      }
    };
    if (view.scale >= LINES_FROM) lines(1, 1, view.scale > 12 ? 2 : 1);
    if (blocks && view.scale * width >= 2 * LINES_FROM) lines(width, height, Math.min(4, 1 + view.scale / 4));
  }

  private drawChosen(pen: CanvasRenderingContext2D, view: Viewport): void {
    if (this.chosen === null) return;
    const middle = this.cells.middleOf(this.chosen);
    const wide = Math.max(9, this.cells.block.width * view.scale + 3);
    const high = Math.max(9, this.cells.block.height * view.scale + 3);
    const [x, y] = [view.x + middle.x * view.scale - wide / 2, view.y + middle.y * view.scale - high / 2];
    pen.lineWidth = 4;
    pen.strokeStyle = colour("card");
    pen.strokeRect(x, y, wide, high);
    pen.lineWidth = 2;
    pen.strokeStyle = colour("ink");
    pen.strokeRect(x, y, wide, high);
  }

  choose(x: number, y: number): void {
    const found = this.cells.at(x, y);
    if (found) this.act.choose(found.child);
  }

  hover(at: { x: number; y: number; left: number; top: number } | null): void {
    const found = at && this.cells.at(at.x, at.y);
    this.act.point(found ? { ...found, left: at.left, top: at.top } : null);
  }

  key(name: string, surface: Surface): boolean {
    const next = this.chosen === null && name.startsWith("Arrow") ? 0 : this.cells.neighbour(this.chosen ?? 0, name);
    if (next === null) return false;
    this.act.choose(next);
    const at = this.cells.middleOf(next);
    surface.look(revealed(surface.view, at.x, at.y, surface.screen, 30));
    return true;
  }
}

/** Return the finest level whose cells are at least as large as a pixel. */
export function levelFor(field: CellField, pixels: number): Level {
  const index = Math.max(0, Math.ceil(Math.log2(1 / Math.max(1e-9, pixels))));
  return field.levels[Math.min(index, field.levels.length - 1)] as Level;
}

function stampOf(value: number, size: number): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.width = made.height = Math.max(1, Math.round(size));
  const pen = made.getContext("2d");
  pen?.scale(size / 16, size / 16);
  if (pen) shape(pen, TONES[value] ?? "none");
  return made;
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
