/** What people look at first: what failed or is stuck, what runs, and what it waits for. */
import { useState } from "preact/hooks";
import { href } from "../address.ts";
import type { Attention, Overview as Found } from "../api/contract.ts";
import { useRead } from "../api/use_read.ts";
import { Actions } from "../parts/actions.tsx";
import { Read } from "../parts/notice.tsx";
import { QueueLine } from "../parts/queue.tsx";
import { RunCells, RunName } from "../parts/run_row.tsx";
import { Sections } from "../parts/sections.tsx";
import { Mark } from "../parts/state.tsx";
import { Since } from "../parts/times.tsx";
import { count } from "../words.ts";

/** So many are shown at first: what runs stays in sight. */
const FIRST = 6;

export function Overview() {
  const overview = useRead<Found>("/api/overview", null);
  return (
    <>
      <h1>Now</h1>
      <Read of={overview}>{(found) => <Shown found={found} />}</Read>
    </>
  );
}

function Shown({ found }: { found: Found }) {
  const { attention, running } = found;
  const [all, showAll] = useState(false);
  const shown = all ? attention : attention.slice(0, FIRST);
  return (
    <>
      <section aria-labelledby="attention">
        <h2 id="attention">
          Needs you <span class="count">{count(attention.length)}</span>
        </h2>
        {attention.length === 0 ? (
          <p class="calm">
            <Mark tone="ok" /> Nothing failed, nothing is stuck.
          </p>
        ) : (
          <ul class="attention">
            {shown.map((one) => (
              <AttentionCard key={one.run.run_id} one={one} />
            ))}
          </ul>
        )}
        {shown.length < attention.length && (
          <p class="more">
            <button type="button" onClick={() => showAll(true)}>
              Show {count(attention.length - shown.length)} more
            </button>
          </p>
        )}
      </section>
      <div class="columns">
        <section class="card" aria-labelledby="running">
          <h2 id="running">
            Running <span class="count">{found.more_running ? `more than ${count(running.length)}` : count(running.length)}</span>
          </h2>
          {running.length === 0 ? (
            <p class="empty">
              Nothing runs. <a href="/start">Start something</a>
            </p>
          ) : (
            <table class="runs">
              <thead>
                <tr>
                  <th>State</th>
                  <th>Run</th>
                  <th class="wide">Input</th>
                  <th class="number">Began</th>
                  <th class="number">For</th>
                </tr>
              </thead>
              <tbody>
                {running.map((run) => (
                  <tr key={run.run_id}>
                    <RunCells run={run} />
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {found.more_running && <a href={href(["runs"], { state: "RUNNING" })}>All that run</a>}
        </section>
        <div class="side">
          <section class="card">
            <h2>
              <a href="/queues">Queues</a>
            </h2>
            {found.queues.length === 0 ? <p class="empty">None.</p> : found.queues.map((queue) => <QueueLine key={queue.name} queue={queue} />)}
          </section>
          <Sections sections={found.sections} />
        </div>
      </div>
    </>
  );
}

function AttentionCard({ one }: { one: Attention }) {
  const { run } = one;
  const failed = one.kind === "failed";
  const reason = run.reason && run.reason !== one.text ? run.reason : null;
  return (
    <li class={`card ${failed ? "bad" : "warn"}`}>
      <Mark tone={failed ? "bad" : "warn"} word={one.kind} />
      <div class="what">
        <p class="headline">
          <RunName run={run} />
          {run.failed_step && <span class="muted"> at {run.failed_step}</span>}
          <span class="muted end">
            <Since at={one.since} />
          </span>
        </p>
        <p class="reason">{one.text}</p>
        {reason && <p class="reason muted">{reason}</p>}
        <p class="muted cut" title={run.item ?? run.input}>
          {run.item ?? run.input}
        </p>
        <p class="links">
          {failed ? (
            <>
              <a href={href(["runs", run.run_id, "failures"])}>Failures</a>
              <a href={href(["runs", run.run_id, "logs"])}>Log</a>
            </>
          ) : (
            <a href={href(["runs", run.run_id, "why"])}>Why does it wait?</a>
          )}
          <Actions runId={run.run_id} actions={one.actions} />
        </p>
      </div>
    </li>
  );
}

