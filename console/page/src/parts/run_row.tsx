/** A run in a list. */
import { href } from "../address.ts";
import type { RunLine } from "../api/contract.ts";
import { duration, short } from "../words.ts";
import { State } from "./state.tsx";
import { At, Took } from "./times.tsx";

export function RunName({ run }: { run: Pick<RunLine, "run_id" | "pipeline"> }) {
  return (
    <a class="run-name" href={href(["runs", run.run_id])} title={run.run_id}>
      <b>{run.pipeline}</b> <span class="id">{short(run.run_id)}</span>
    </a>
  );
}

/** How long a run took, or has taken so far. */
export function RunTook({ run }: { run: RunLine }) {
  return run.ended_at ? <span class="number">{duration(run.seconds)}</span> : <Took from={run.created_at} to={null} />;
}

export function Labels({ labels }: { labels: RunLine["labels"] }) {
  return (
    <>
      {Object.entries(labels).map(([name, value]) => (
        <a key={name} class="label" href={href(["runs"], { label: `${name}=${value}` })}>
          {name}={value}
        </a>
      ))}
    </>
  );
}

/** The cells of a run in a table: state, name, input, begin, duration. */
export function RunCells({ run }: { run: RunLine }) {
  return (
    <>
      <td>
        <State state={run.state} />
      </td>
      <td>
        <RunName run={run} /> <Labels labels={run.labels} />
      </td>
      <td class="wide cut" title={run.input}>
        {run.input}
      </td>
      <td class="number">
        <At at={run.created_at} />
      </td>
      <td class="number">
        <RunTook run={run} />
      </td>
    </>
  );
}
