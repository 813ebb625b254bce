/** Two runs beside each other: their steps, times, code and input. */
import { address } from "../address.ts";
import type { Comparison, RunLine, StepComparison, StepTimes } from "../api/contract.ts";
import { STILL, useRead } from "../api/use_read.ts";
import { Empty, Read } from "../parts/notice.tsx";
import { RunName, RunTook } from "../parts/run_row.tsx";
import { State } from "../parts/state.tsx";
import { At } from "../parts/times.tsx";
import { count, duration } from "../words.ts";

export function Compare() {
  const { a, b } = address.value.query;
  const path = a && b ? `/api/compare?${new URLSearchParams({ a, b }).toString()}` : null;
  const comparison = useRead<Comparison>(path, STILL);
  return (
    <>
      <h1>Two runs compared</h1>
      {path === null ? (
        <Empty>
          Choose two in <a href="/runs">runs</a>.
        </Empty>
      ) : (
        <Read of={comparison}>{(found) => <Shown found={found} />}</Read>
      )}
    </>
  );
}

function Shown({ found }: { found: Comparison }) {
  const most = Math.max(0.1, ...found.steps.flatMap((one) => [one.a?.seconds ?? 0, one.b?.seconds ?? 0]));
  return (
    <>
      <section class="card scrolls">
        <table class="data compare">
          <thead>
            <tr>
              <td />
              <Run run={found.a} name="A" />
              <Run run={found.b} name="B" />
              <th>Difference</th>
              <th>Code</th>
            </tr>
          </thead>
          <tbody>
            {found.steps.map((one) => (
              <Step key={one.name} one={one} most={most} />
            ))}
          </tbody>
        </table>
      </section>
      <section class="card">
        <h2>Input {found.same_input && <span class="count">the same</span>}</h2>
        <div class="pair">
          <pre class="text" tabIndex={0} aria-label="Input of A">
            {found.input_a}
          </pre>
          {!found.same_input && (
            <pre class="text" tabIndex={0} aria-label="Input of B">
              {found.input_b}
            </pre>
          )}
        </div>
      </section>
    </>
  );
}

function Run({ run, name }: { run: RunLine; name: string }) {
  return (
    <th scope="col">
      {name}: <RunName run={run} />
      <p class="facts">
        <State state={run.state} /> <At at={run.created_at} /> <RunTook run={run} />
      </p>
    </th>
  );
}

function Step({ one, most }: { one: StepComparison; most: number }) {
  const both = one.a?.seconds != null && one.b?.seconds != null ? one.b.seconds - one.a.seconds : null;
  return (
    <tr>
      <th scope="row">{one.name}</th>
      <Times times={one.a} most={most} />
      <Times times={one.b} most={most} />
      <td class="number">{both === null ? "" : `${both < 0 ? "−" : "+"}${duration(Math.abs(both))}`}</td>
      <td>{one.a && one.b ? one.same_code ? <span class="muted">same</span> : <b>differs</b> : <span class="muted">in one only</span>}</td>
    </tr>
  );
}

function Times({ times, most }: { times: StepTimes | null; most: number }) {
  if (!times) return <td class="muted">none</td>;
  return (
    <td title={times.definition}>
      <span class="times">
        <State state={times.state} bare />
        <span class="meter" aria-hidden="true">
          <span style={{ width: `${((times.seconds ?? 0) / most) * 100}%` }} />
        </span>
        <span class="number">{times.seconds === null ? "–" : duration(times.seconds)}</span>
      </span>
      {times.children > 1 && (
        <span class="muted">
          {count(times.children)} children{times.failed > 0 && `, ${count(times.failed)} failed`}
        </span>
      )}
    </td>
  );
}
