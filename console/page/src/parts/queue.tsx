/** A job queue: whether it is open, what is in it, and how much of its machines is in use. */
import type { Environment, Queue } from "../api/contract.ts";
import { lookOf, type Tone } from "../palette.ts";
import { count } from "../words.ts";
import { Mark, State } from "./state.tsx";

const ORDER = ["RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED"];

export function QueueLine({ queue }: { queue: Queue }) {
  return (
    <div class="queue">
      <p class="headline">
        <Mark tone={toneOf(queue)} word={queue.state === "ENABLED" ? queue.status.toLowerCase() : "disabled"} />
        <b>{queue.key}</b>
        <span class="end jobs">
          <Jobs queue={queue} />
        </span>
      </p>
      {queue.blocked && <p class="reason">{queue.blocked}</p>}
      {queue.environments.map((one) => (
        <EnvironmentLine key={one.name} one={one} />
      ))}
    </div>
  );
}

function Jobs({ queue }: { queue: Queue }) {
  const jobs = queue.jobs ?? {};
  const shown = ORDER.filter((state) => (jobs[state] ?? 0) > 0);
  if (shown.length === 0) return <span class="muted">{queue.jobs ? "empty" : ""}</span>;
  return (
    <>
      {shown.map((state) => (
        <span key={state} title={lookOf(state).word}>
          <State state={state} bare /> {count(jobs[state] ?? 0)}
        </span>
      ))}
    </>
  );
}

function EnvironmentLine({ one }: { one: Environment }) {
  const isWell = one.state === "ENABLED" && one.status === "VALID";
  const share = one.vcpus !== null && one.max_vcpus ? Math.min(1, one.vcpus / one.max_vcpus) : 0;
  return (
    <div class="environment">
      <span class="cut" title={one.name}>
        {!isWell && <Mark tone="bad" word={one.state === "ENABLED" ? one.status.toLowerCase() : "disabled"} />} {one.name}
      </span>
      <span class="meter" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span class="number muted">
        {one.vcpus === null ? "≤" : `${count(one.vcpus)} /`} {one.max_vcpus === null ? "?" : count(one.max_vcpus)} vCPU
      </span>
      {!isWell && one.reason && <p class="reason">{one.reason}</p>}
    </div>
  );
}

function toneOf(queue: Queue): Tone {
  if (queue.state !== "ENABLED" || queue.status !== "VALID") return "bad";
  return queue.blocked ? "warn" : "ok";
}
