/** Hears of changes by server-sent events, while the page is looked at: a hidden tab has no connection. */
import type { Change } from "./contract.ts";

/** Hears that something changed; `version` is what it is now, null where that is not known. */
type Hear = (version: string | null) => void;

const AGAIN_AFTER = 3_000;

interface Topic {
  source: EventSource | null;
  listeners: Set<Hear>;
  url: string;
}

const topics = new Map<string, Topic>();

/** Call `hear` when something of a run changes, or of the overview; return what ends that. */
export function onChange(runId: string | null, hear: Hear): () => void {
  const key = runId ?? "";
  let topic = topics.get(key);
  if (!topic) {
    const url = runId === null ? "/api/events" : `/api/events?run=${encodeURIComponent(runId)}`;
    topic = { source: null, listeners: new Set(), url };
    topics.set(key, topic);
  }
  const found = topic;
  found.listeners.add(hear);
  if (!document.hidden) open(found);
  return () => {
    found.listeners.delete(hear);
    if (found.listeners.size > 0) return;
    close(found);
    topics.delete(key);
  };
}

function open(topic: Topic): void {
  if (topic.source) return;
  topic.source = new EventSource(topic.url);
  topic.source.addEventListener("change", (event) => tell(topic, (JSON.parse(event.data as string) as Change).version));
  topic.source.addEventListener("error", () => openAgain(topic));
}

/**
 * An answer other than 200 ends a connection for good: a run that was just started is not in the ledger yet,
 * or AWS did not answer. https://html.spec.whatwg.org/multipage/server-sent-events.html#fail-the-connection
 */
function openAgain(topic: Topic): void {
  if (topic.source?.readyState !== EventSource.CLOSED) return;
  close(topic);
  setTimeout(() => {
    if (topic.listeners.size > 0 && !document.hidden) open(topic);
  }, AGAIN_AFTER);
}

function close(topic: Topic): void {
  topic.source?.close();
  topic.source = null;
}

function tell(topic: Topic, version: string | null): void {
  for (const hear of topic.listeners) hear(version);
}

document.addEventListener("visibilitychange", () => {
  for (const topic of topics.values()) {
    if (document.hidden) close(topic);
    else {
      open(topic);
      tell(topic, null); // What changed meanwhile was not heard of.
    }
  }
});
