/** Alerts that were sent, of a pipeline or of all. */
import { address, ask, href } from "../address.ts";
import type { Alarm, Alarms, Alert, Alerts as Found, Pipelines } from "../api/contract.ts";
import { STILL, useRead } from "../api/use_read.ts";
import { Empty, Read } from "../parts/notice.tsx";
import { RunName } from "../parts/run_row.tsx";
import { Mark } from "../parts/state.tsx";
import { At } from "../parts/times.tsx";

const GRAVE = ["failed", "digest", "invalid"];

export function Alerts() {
  const chosen = address.value.query["pipeline"] ?? "";
  const pipelines = useRead<Pipelines>("/api/pipelines", STILL);
  const alerts = useRead<Found>(`/api/alerts${chosen === "" ? "" : `?pipeline=${encodeURIComponent(chosen)}`}`, null);
  const names = new Set([...(chosen === "" ? [] : [chosen]), ...(pipelines.value?.pipelines.map((one) => one.name) ?? [])]);
  return (
    <>
      <h1>Alerts</h1>
      <div class="toolbar">
        <label>
          Pipeline{" "}
          <select value={chosen} onChange={(event) => ask({ pipeline: event.currentTarget.value })}>
            <option value="">all</option>
            {[...names].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      <Read of={alerts}>
        {(found) => (
          <>
            {found.alarms && <Raised found={found.alarms} />}
            {found.alarms && <h2>Sent</h2>}
            {found.alerts.length === 0 ? (
              <Empty>No alert was sent{chosen === "" ? "" : ` of ${chosen}`} in the last 90 days.</Empty>
            ) : (
              <ul class="cards">
                {found.alerts.map((one) => (
                  <Sent key={`${one.at} ${one.text} ${one.run_id}`} one={one} />
                ))}
              </ul>
            )}
            {found.more && <p class="muted">These are the newest; there may be more.</p>}
          </>
        )}
      </Read>
    </>
  );
}

/** What is raised now of Sluice itself: its queues, functions and webhooks. */
function Raised({ found }: { found: Alarms }) {
  return (
    <section aria-labelledby="raised">
      <h2 id="raised">
        Alarms of Sluice itself{" "}
        {found.missing === null && (
          <span class="count">
            {found.alarms.length}
            {found.more && " or more"}
          </span>
        )}
      </h2>
      {found.missing !== null ? (
        <p class="empty">Not shown: that needs {found.missing}.</p>
      ) : found.alarms.length === 0 ? (
        <p class="calm">
          <Mark tone="ok" /> None is raised.
        </p>
      ) : (
        <ul class="cards">
          {found.alarms.map((one) => (
            <RaisedAlarm key={one.name} one={one} />
          ))}
        </ul>
      )}
    </section>
  );
}

function RaisedAlarm({ one }: { one: Alarm }) {
  return (
    <li class="card bad">
      <p class="headline">
        <Mark tone="bad" word="alarm" />
        <b class="cut">{one.name}</b>
        <span class="muted end">
          since <At at={one.since} />
        </span>
      </p>
      <p>{one.text}</p>
      {one.reason !== "" && <p class="reason muted">{one.reason}</p>}
    </li>
  );
}

function Sent({ one }: { one: Alert }) {
  return (
    <li class="card">
      <p class="headline">
        <Mark tone={GRAVE.includes(one.kind) ? "bad" : "warn"} word={one.kind} />
        {one.run_id ? <RunName run={one} /> : <b>{one.pipeline || "All pipelines"}</b>}
        <span class="muted end">
          <At at={one.at} />
        </span>
      </p>
      <p class="reason">{one.text}</p>
      {one.detail !== "" && (
        <details>
          <summary>What it says</summary>
          <pre class="text" tabIndex={0}>
            {one.detail}
          </pre>
        </details>
      )}
      {one.run_id && one.kind !== "set" && (
        <p class="links">
          <a href={href(["runs", one.run_id, "failures"])}>Failures</a>
        </p>
      )}
    </li>
  );
}
