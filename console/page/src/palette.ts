/** States as people see them: a word, a shape and a colour each, so that none is told by its colour alone. */

export type Tone = "ok" | "bad" | "run" | "boot" | "queue" | "wait" | "stop" | "warn" | "none";

export interface Look {
  tone: Tone;
  word: string;
}

/** The shapes, on a field of 16 by 16. */
export const SHAPES: Readonly<Record<Tone, string>> = {
  ok: "M3 8.5 6.5 12 13 4.5",
  bad: "M4 4 12 12M12 4 4 12",
  run: "M5 3 13 8 5 13Z",
  boot: "M8 3a5 5 0 1 0 5 5M8 8V3",
  queue: "M3 4H13M3 8H13M3 12H13",
  wait: "M8 4V8L11 10M8 2a6 6 0 1 0 .01 0",
  stop: "M4 4H12V12H4Z",
  warn: "M8 3 14 13H2ZM8 7V10M8 11.5V12",
  none: "M4 8H12",
};

const LOOKS: Readonly<Record<string, Look>> = {
  SUCCEEDED: { tone: "ok", word: "succeeded" },
  DONE: { tone: "ok", word: "succeeded" },
  FAILED: { tone: "bad", word: "failed" },
  FAILED_FINAL: { tone: "bad", word: "failed" },
  REJECTED: { tone: "bad", word: "rejected" },
  RUNNING: { tone: "run", word: "running" },
  STARTING: { tone: "boot", word: "starting" },
  RUNNABLE: { tone: "queue", word: "in the queue" },
  SUBMITTED: { tone: "queue", word: "submitted" },
  CLAIMED: { tone: "queue", word: "being submitted" },
  PENDING: { tone: "wait", word: "waiting for jobs" },
  WAITING: { tone: "wait", word: "waiting" },
  OPEN: { tone: "wait", word: "open" },
  PAUSED: { tone: "stop", word: "paused" },
  RELEASING: { tone: "run", word: "going on" },
  CANCELLED: { tone: "stop", word: "cancelled" },
  EMPTY: { tone: "none", word: "nothing to do" },
  NOT_RUN: { tone: "none", word: "not run" },
  STUCK: { tone: "warn", word: "stuck" },
  LATE: { tone: "warn", word: "late" },
  TOLERATED: { tone: "warn", word: "failure tolerated" },
};

/** Return how a state looks; one that is not known is shown by its own name. */
export function lookOf(state: string): Look {
  return LOOKS[state] ?? { tone: "none", word: state.toLowerCase().replaceAll("_", " ") };
}
