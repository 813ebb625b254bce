/** A state: its shape, its colour and its word. */
import { lookOf, SHAPES, type Tone } from "../palette.ts";

export function Mark({ tone, word }: { tone: Tone; word?: string }) {
  const label = word ? { role: "img" as const, "aria-label": word } : { "aria-hidden": "true" as const };
  return (
    <svg class={`mark ${tone}`} viewBox="0 0 16 16" {...label}>
      <rect class="ground" x="0" y="0" width="16" height="16" rx="4" />
      <path d={SHAPES[tone]} />
    </svg>
  );
}

export function State({ state, bare = false }: { state: string; bare?: boolean }) {
  const { tone, word } = lookOf(state);
  if (bare) return <Mark tone={tone} word={word} />;
  return (
    <span class="state">
      <Mark tone={tone} />
      {word}
    </span>
  );
}
