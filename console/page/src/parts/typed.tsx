/** A field whose text is somebody's own while it is typed: what the view reads meanwhile does not take it away. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

interface Props {
  type: "search" | "date" | "number";
  value: string;
  /** Takes the text when the field is left or Enter is pressed; with `after`, so many milliseconds after the last key. */
  take: (text: string) => void;
  after?: number;
  name?: string;
  placeholder?: string;
  min?: number;
  max?: number;
}

export function Typed({ type, value, take, after, ...more }: Props): JSX.Element {
  const [draft, setDraft] = useState<string | null>(null);
  const waiting = useRef(0);
  const taken = (text: string): void => {
    clearTimeout(waiting.current);
    setDraft(null);
    if (text !== value) take(text);
  };
  const typed = (text: string): void => {
    setDraft(text);
    if (after === undefined) return;
    clearTimeout(waiting.current);
    waiting.current = setTimeout(() => taken(text), after);
  };
  // TypeScript knows an input's attributes for one type at a time.
  return <input {...more} type={type as "search"} value={draft ?? value} onInput={(event) => typed(event.currentTarget.value)} onChange={(event) => taken(event.currentTarget.value)} />;
}
