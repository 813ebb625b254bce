/** Times that go on while one looks. */
import { now } from "../now.ts";
import { ago, duration, time } from "../words.ts";

export function Since({ at }: { at: string | null }) {
  if (!at) return null;
  return (
    <time dateTime={at} title={new Date(at).toString()}>
      {ago(at, now.value)}
    </time>
  );
}

export function At({ at }: { at: string | null }) {
  if (!at) return null;
  return (
    <time dateTime={at} title={new Date(at).toString()}>
      {time(at, now.value)}
    </time>
  );
}

/** How long something took, or has taken until now. */
export function Took({ from, to }: { from: string | null; to: string | null }) {
  if (!from) return null;
  const end = to ? Date.parse(to) : now.value;
  return <span class="number">{duration(Math.max(0, (end - Date.parse(from)) / 1_000))}</span>;
}
