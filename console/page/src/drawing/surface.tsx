/** A canvas that fills its place, sharp on any screen, moved by pointer, wheel and keyboard. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { fitted, type Size, type Viewport, zoomed } from "./viewport.ts";

/** What is shown on a surface: it says its size and draws itself. */
export interface Drawing {
  readonly size: Size;
  /** The largest scale that a person may zoom to. */
  readonly mostScale: number;
  /** The scale at which the whole is shown at first, at most. */
  readonly fitScale: number;
  draw(pen: CanvasRenderingContext2D, view: Viewport, screen: Size): void;
  /** A click, or Enter: a point of the drawing. */
  choose?(x: number, y: number): void;
  /** The pointer is over a point of the drawing; null when it left. */
  hover?(at: { x: number; y: number; left: number; top: number } | null): void;
  /** A key of the keyboard; true when it was the drawing's. May bring something onto the screen. */
  key?(name: string, surface: Surface): boolean;
}

const STEP = 60;
const ZOOM = 1.25;

/** The canvas with its drawing: draws once a frame, and only when something changed. */
export class Surface {
  view: Viewport = { x: 0, y: 0, scale: 1 };
  screen: Size = { width: 0, height: 0 };
  /** How many frames were drawn, for those who measure. */
  frames = 0;
  private pending = 0;
  private touched = false;
  private least = 0.01;
  private pointers = new Map<number, { x: number; y: number }>();
  private moved = 0;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private drawing: Drawing,
  ) {
    const sized = new ResizeObserver(() => this.resize());
    sized.observe(canvas);
    const listen = <K extends keyof HTMLElementEventMap>(name: K, act: (event: HTMLElementEventMap[K]) => void) =>
      canvas.addEventListener(name, act, { passive: false });
    listen("wheel", (event) => this.wheel(event));
    listen("pointerdown", (event) => this.down(event));
    listen("pointermove", (event) => this.move(event));
    listen("pointerup", (event) => this.up(event));
    listen("pointercancel", (event) => this.pointers.delete(event.pointerId));
    listen("pointerleave", () => this.drawing.hover?.(null));
    listen("keydown", (event) => this.pressed(event));
    this.close = () => {
      sized.disconnect();
      cancelAnimationFrame(this.pending);
    };
  }

  readonly close: () => void;

  /** Show another drawing; a person's own view of the last one stays. */
  show(drawing: Drawing): void {
    const changed = drawing.size.width !== this.drawing.size.width || drawing.size.height !== this.drawing.size.height;
    this.drawing = drawing;
    if (changed && !this.touched) this.fit();
    this.redraw();
  }

  redraw(): void {
    if (this.pending !== 0) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  fit(): void {
    this.touched = false;
    this.view = fitted(this.drawing.size, this.screen, this.drawing.fitScale);
    this.least = Math.min(this.view.scale, 1) / 2;
    this.redraw();
  }

  zoom(factor: number, x = this.screen.width / 2, y = this.screen.height / 2): void {
    this.look(zoomed(this.view, factor, x, y, this.least, this.drawing.mostScale));
  }

  /** Show another part. */
  look(view: Viewport): void {
    this.touched = true;
    this.view = view;
    this.redraw();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.screen = { width, height };
    if (this.touched) this.redraw();
    else this.fit();
  }

  private draw(): void {
    const pen = this.canvas.getContext("2d");
    if (!pen || this.screen.width === 0) return;
    const ratio = this.canvas.width / this.screen.width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.screen.width, this.screen.height);
    this.drawing.draw(pen, this.view, this.screen);
    this.frames += 1;
    this.canvas.dataset["frames"] = String(this.frames);
  }

  private wheel(event: WheelEvent): void {
    // A page is scrolled over a drawing that nobody has clicked into.
    if (document.activeElement !== this.canvas && !event.ctrlKey) return;
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }

  private down(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.moved = 0;
  }

  private move(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.drawing.hover?.({ ...this.at(left, top), left, top });
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    this.moved += Math.abs(dx) + Math.abs(dy);
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1] ?? before;
      const factor = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      this.zoom(factor, (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
    } else {
      this.look({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
    }
    this.pointers.set(event.pointerId, now);
  }

  private up(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    if (this.moved > 4) return;
    const box = this.canvas.getBoundingClientRect();
    const point = this.at(event.clientX - box.left, event.clientY - box.top);
    this.drawing.choose?.(point.x, point.y);
  }

  private at(left: number, top: number): { x: number; y: number } {
    return { x: (left - this.view.x) / this.view.scale, y: (top - this.view.y) / this.view.scale };
  }

  private pressed(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (this.drawing.key?.(event.key, this) || this.steered(event.key)) event.preventDefault();
  }

  private steered(key: string): boolean {
    const { x, y } = this.view;
    const ways: Record<string, () => void> = {
      "+": () => this.zoom(ZOOM),
      "=": () => this.zoom(ZOOM),
      "-": () => this.zoom(1 / ZOOM),
      "0": () => this.fit(),
      ArrowLeft: () => this.look({ ...this.view, x: x + STEP }),
      ArrowRight: () => this.look({ ...this.view, x: x - STEP }),
      ArrowUp: () => this.look({ ...this.view, y: y + STEP }),
      ArrowDown: () => this.look({ ...this.view, y: y - STEP }),
    };
    ways[key]?.();
    return key in ways;
  }
}

/** A drawing in the page, with buttons for those who have no wheel. */
export function Canvas(props: {
  drawing: Drawing;
  label: string;
  name: string;
  onSurface?: (surface: Surface) => void;
  children?: ComponentChildren;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useRef<Surface | null>(null);
  useEffect(() => {
    const made = new Surface(canvas.current as HTMLCanvasElement, props.drawing);
    surface.current = made;
    props.onSurface?.(made);
    const theme = new MutationObserver(() => made.redraw());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      theme.disconnect();
      made.close();
    };
  }, []);
  useEffect(() => surface.current?.show(props.drawing), [props.drawing]);
  const button = (mark: string, word: string, act: () => void) => (
    <button type="button" class="icon" aria-label={word} title={word} onClick={act}>
      {mark}
    </button>
  );
  return (
    <div class={`surface ${props.name}`}>
      <canvas ref={canvas} tabIndex={0} role="application" aria-label={props.label} />
      <div class="zoom" role="group" aria-label="Zoom">
        {button("+", "Zoom in", () => surface.current?.zoom(ZOOM))}
        {button("−", "Zoom out", () => surface.current?.zoom(1 / ZOOM))}
        {button("⤢", "Show all", () => surface.current?.fit())}
      </div>
      {props.children}
    </div>
  );
}
