/** The part of a drawing that is on the screen: where it is moved to, and how large it is shown. Pure. */

export interface Viewport {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Return the viewport that shows a whole drawing, never larger than `most`. */
export function fitted(drawing: Size, screen: Size, most = 1, margin = 16): Viewport {
  const scale = Math.min(
    most,
    Math.max(1e-6, screen.width - 2 * margin) / Math.max(1, drawing.width),
    Math.max(1e-6, screen.height - 2 * margin) / Math.max(1, drawing.height),
  );
  return {
    x: (screen.width - drawing.width * scale) / 2,
    y: (screen.height - drawing.height * scale) / 2,
    scale,
  };
}

/** Return the viewport after a zoom by `factor`, with the point of the screen that is under the pointer kept. */
export function zoomed(view: Viewport, factor: number, x: number, y: number, least: number, most: number): Viewport {
  const scale = Math.min(most, Math.max(least, view.scale * factor));
  const by = scale / view.scale;
  return { x: x - (x - view.x) * by, y: y - (y - view.y) * by, scale };
}

/** Return the viewport with a point of the drawing brought onto the screen, as little moved as needed. */
export function revealed(view: Viewport, x: number, y: number, screen: Size, margin: number): Viewport {
  const inside = (at: number, most: number) => Math.min(Math.max(at, margin), Math.max(margin, most - margin));
  const [left, top] = [view.x + x * view.scale, view.y + y * view.scale];
  return { ...view, x: view.x + inside(left, screen.width) - left, y: view.y + inside(top, screen.height) - top };
}
