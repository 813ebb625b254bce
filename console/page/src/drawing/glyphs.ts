/** The shapes of states on a canvas. */
import { SHAPES, type Tone } from "../palette.ts";
import { colour } from "../theme.ts";

const paths = new Map<Tone, Path2D>();

export function pathOf(tone: Tone): Path2D {
  let path = paths.get(tone);
  if (!path) {
    path = new Path2D(SHAPES[tone]);
    paths.set(tone, path);
  }
  return path;
}

const stamps = new Map<string, HTMLCanvasElement>();

/** Draw a state's mark: its shape on its colour, in a square; `scale` is how much the pen enlarges. */
export function mark(pen: CanvasRenderingContext2D, tone: Tone, x: number, y: number, size: number, scale: number): void {
  const pixels = Math.max(4, Math.round(size * scale * (window.devicePixelRatio || 1)));
  const key = `${tone} ${pixels} ${colour(tone)}`;
  let stamp = stamps.get(key);
  if (!stamp) {
    if (stamps.size > 500) stamps.clear(); // Every zoom has sizes of its own.
    stamps.set(key, (stamp = stampOf(tone, pixels)));
  }
  pen.drawImage(stamp, x, y, size, size);
}

function stampOf(tone: Tone, pixels: number): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.width = made.height = pixels;
  const pen = made.getContext("2d");
  if (!pen) return made;
  pen.scale(pixels / 16, pixels / 16);
  pen.fillStyle = colour(tone);
  pen.beginPath();
  pen.roundRect(0, 0, 16, 16, 4);
  pen.fill();
  shape(pen, tone);
  return made;
}

/** Draw the shape alone, on a field of 16 by 16 at the pen's place. */
export function shape(pen: CanvasRenderingContext2D, tone: Tone): void {
  pen.strokeStyle = colour(`on-${tone}`);
  pen.lineWidth = 2;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  pen.stroke(pathOf(tone));
}

const fitted = new Map<string, string>();

/** Return a text cut so that it fits into so many pixels of the pen's font; measured once. */
export function cut(pen: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${pen.font} ${width} ${text}`;
  let found = fitted.get(key);
  if (found === undefined) {
    if (fitted.size > 20_000) fitted.clear(); // Progress is a new text with each change.
    fitted.set(key, (found = cutTo(pen, text, width)));
  }
  return found;
}

function cutTo(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  const letters = [...text];
  let [fits, most] = [1, letters.length - 1];
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2);
    if (pen.measureText(`${letters.slice(0, middle).join("")}…`).width <= width) fits = middle;
    else most = middle - 1;
  }
  return `${letters.slice(0, fits).join("")}…`;
}
