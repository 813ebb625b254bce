/** Values as JSON that a person reads or edits. */

/* What the server makes visible in texts (sluice/visible.py). JSON escapes the controls below a space itself, and the
   line ends of its own layout stay. */
const HIDDEN =
  /[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e007f}]/gu;

const CONTROLS = /[\x00-\x1f]/g;

/** Return a value as JSON of several lines, with what hides or reorders text escaped: it says the same. */
export function written(value: unknown): string {
  return escapedJson(JSON.stringify(value, null, 2));
}

/** Return JSON that somebody writes, with what hides or reorders text escaped: in its strings it says the same. */
export function escapedJson(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** Return a text that says what is hidden in another one; null where nothing is. Lines stay lines. */
export function revealed(text: string): string | null {
  const shown = text.split("\n").map((line) => line.replace(HIDDEN, escaped).replace(CONTROLS, escaped)).join("\n");
  return shown === text ? null : shown;
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
