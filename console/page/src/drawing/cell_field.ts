/** A field of cells with a value each, and the same field in halves of its size: a cell of a smaller one has the
 * largest value of the four that it stands for, so that one failed cell in a million is still seen. Pure. */

export class Level {
  readonly values: Uint8Array;
  /** The rows that changed since they were drawn: from, and to before. */
  dirty: [number, number];

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.values = new Uint8Array(width * height);
    this.dirty = [0, height];
  }

  touch(y: number): void {
    this.dirty = [Math.min(this.dirty[0], y), Math.max(this.dirty[1], y + 1)];
  }
}

export class CellField {
  readonly levels: Level[] = [];

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    for (let [w, h] = [width, height]; ; [w, h] = [Math.ceil(w / 2), Math.ceil(h / 2)]) {
      this.levels.push(new Level(Math.max(1, w), Math.max(1, h)));
      if (w <= 1 && h <= 1) break;
    }
  }

  get(x: number, y: number): number {
    const level = this.levels[0] as Level;
    return level.values[y * level.width + x] ?? 0;
  }

  /** Give a cell a value; return whether it had another. */
  set(x: number, y: number, value: number): boolean {
    const finest = this.levels[0] as Level;
    const at = y * finest.width + x;
    if (finest.values[at] === value) return false;
    finest.values[at] = value;
    finest.touch(y);
    let [left, top] = [x, y];
    for (let index = 1; index < this.levels.length; index += 1) {
      const [fine, coarse] = [this.levels[index - 1] as Level, this.levels[index] as Level];
      [left, top] = [left >> 1, top >> 1];
      const found = largest(fine, left * 2, top * 2);
      const place = top * coarse.width + left;
      if (coarse.values[place] === found) break;
      coarse.values[place] = found;
      coarse.touch(top);
    }
    return true;
  }
}

function largest(level: Level, x: number, y: number): number {
  const { width, height, values } = level;
  const at = y * width + x;
  let found = values[at] ?? 0;
  if (x + 1 < width) found = Math.max(found, values[at + 1] ?? 0);
  if (y + 1 < height) {
    found = Math.max(found, values[at + width] ?? 0);
    if (x + 1 < width) found = Math.max(found, values[at + width + 1] ?? 0);
  }
  return found;
}
