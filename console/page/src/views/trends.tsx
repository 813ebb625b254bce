/** How the newest runs of a pipeline went: how long each took, how it ended, and which steps fail. */
import { address, go, href, path } from "../address.ts";
import type { Pipelines, RunLine, Trends as Found } from "../api/contract.ts";
import { STILL, useRead } from "../api/use_read.ts";
import { lookOf } from "../palette.ts";
import { Empty, Read } from "../parts/notice.tsx";
import { Mark, State } from "../parts/state.tsx";
import { count, counted, duration, time } from "../words.ts";
import { now } from "../now.ts";

export function Trends() {
  const pipelines = useRead<Pipelines>("/api/pipelines", STILL);
  const name = path.value[1] ?? pipelines.value?.pipelines[0]?.name ?? null;
  const trends = useRead<Found>(name === null ? null : `/api/trends?pipeline=${encodeURIComponent(name)}`, null);
  return (
    <>
      <h1>Trends</h1>
      <div class="toolbar">
        <label>
          Pipeline{" "}
          <select value={name ?? ""} onChange={(event) => go(href(["trends", event.currentTarget.value], address.peek().query))}>
            {[...new Set([...(name === null ? [] : [name]), ...(pipelines.value?.pipelines.map((one) => one.name) ?? [])])].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      {name === null && pipelines.value ? <Empty>There is no pipeline.</Empty> : <Read of={trends}>{(found) => <Shown found={found} />}</Read>}
    </>
  );
}

function Shown({ found }: { found: Found }) {
  const { runs } = found;
  if (runs.length === 0) return <Empty>It has not run.</Empty>;
  const ended = runs.filter((run) => run.ended_at !== null);
  const times = ended.map((run) => run.seconds).sort((one, other) => one - other);
  const failed = ended.filter((run) => run.state === "FAILED").length;
  const most = Math.max(0.1, ...runs.map((run) => run.seconds));
  const steps = Object.entries(found.failed_steps).sort(([, one], [, other]) => other - one);
  return (
    <>
      <p class="figures">
        <Figure value={count(runs.length)} word={runs.length === 1 ? "run" : "runs"} />
        <Figure value={ended.length === 0 ? "–" : `${Math.round((failed / ended.length) * 100)} %`} word="failed" />
        <Figure value={times.length === 0 ? "–" : duration(times[Math.floor(times.length / 2)] as number)} word="median" />
        <Figure value={times.length === 0 ? "–" : duration(times[Math.floor(times.length * 0.95)] as number)} word="95 of 100 within" />
      </p>
      <section class="card">
        <h2>Durations</h2>
        <ul class="bars" aria-label="Runs, the oldest first">
          {runs.map((run) => (
            <Bar key={run.run_id} run={run} most={most} />
          ))}
        </ul>
        <p class="legend">
          {["SUCCEEDED", "FAILED", "RUNNING", "CANCELLED"].map((state) => (
            <State key={state} state={state} />
          ))}
          <span class="muted end">highest: {duration(most)}</span>
        </p>
      </section>
      {steps.length > 0 && (
        <section class="card">
          <h2>Steps that failed</h2>
          <ul class="rows">
            {steps.map(([name, times]) => (
              <li key={name}>
                <Mark tone="bad" /> <b>{name}</b> <span class="muted">{counted(times, "time")}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Figure({ value, word }: { value: string; word: string }) {
  return (
    <span class="figure">
      <b>{value}</b> {word}
    </span>
  );
}

function Bar({ run, most }: { run: RunLine; most: number }) {
  const { tone, word } = lookOf(run.state);
  const said = `${time(run.created_at, now.peek())}: ${word}, ${duration(run.seconds)}`;
  return (
    <li>
      <a href={href(["runs", run.run_id])} title={said} aria-label={said}>
        <span class={`bar-of ${tone}`} style={{ height: `${Math.max(3, (run.seconds / most) * 100)}%` }} />
        <Mark tone={tone} />
      </a>
    </li>
  );
}
