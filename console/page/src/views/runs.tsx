/** Runs: searched by pipeline, file, day, state, label and input; two of them can be compared. */
import { useEffect, useState } from "preact/hooks";
import { address, ask, go, href } from "../address.ts";
import type { RunLine, Runs as Found } from "../api/contract.ts";
import { read } from "../api/request.ts";
import { useRead } from "../api/use_read.ts";
import { Empty, Failure, Read } from "../parts/notice.tsx";
import { RunCells } from "../parts/run_row.tsx";
import { Typed } from "../parts/typed.tsx";
import { short } from "../words.ts";

const FILTERS = ["pipeline", "state", "since", "until", "input", "label"] as const;
const STATES = ["", "WAITING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "REPLACED"];

export function Runs() {
  const { query } = address.value;
  const asked = new URLSearchParams(FILTERS.flatMap((name) => (query[name] ? [[name, query[name]] as [string, string]] : []))).toString();
  const path = asked ? `/api/runs?${asked}` : "/api/runs";
  const runs = useRead<Found>(path, null);
  return (
    <>
      <h1>Runs</h1>
      <Filters pipelines={runs.value?.pipelines ?? []} />
      <Read of={runs}>{(found) => <Listed key={path} path={path} first={found} />}</Read>
    </>
  );
}

function Filters({ pipelines }: { pipelines: readonly string[] }) {
  const { query } = address.value;
  const text = (name: (typeof FILTERS)[number], label: string, hint: string, type: "search" | "date" = "search") => (
    <label>
      {label} <Typed type={type} name={name} value={query[name] ?? ""} placeholder={hint} take={(value) => ask({ [name]: value })} />
    </label>
  );
  return (
    <form class="toolbar filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        Pipeline{" "}
        <select name="pipeline" value={query["pipeline"] ?? ""} onChange={(event) => ask({ pipeline: event.currentTarget.value })}>
          <option value="">all</option>
          {pipelines.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        State{" "}
        <select name="state" value={query["state"] ?? ""} onChange={(event) => ask({ state: event.currentTarget.value })}>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {one === "" ? "all" : one.toLowerCase()}
            </option>
          ))}
        </select>
      </label>
      {text("input", "File or input", "part of it")}
      {text("since", "From", "", "date")}
      {text("until", "To", "", "date")}
      {text("label", "Label", "key=value")}
      <button type="button" onClick={() => go("/runs")}>
        Clear
      </button>
    </form>
  );
}

function Listed({ path, first }: { path: string; first: Found }) {
  const [more, setMore] = useState<readonly RunLine[]>([]);
  const [next, setNext] = useState(first.next);
  const [error, setError] = useState<Error | null>(null);
  const [chosen, choose] = useState<readonly string[]>([]);
  useEffect(() => {
    if (more.length === 0) setNext(first.next);
  }, [first]);
  const load = async (): Promise<void> => {
    setError(null);
    try {
      const found = await read<Found>(`${path}${path.includes("?") ? "&" : "?"}next=${encodeURIComponent(next ?? "")}`);
      setMore((last) => [...last, ...found.runs]);
      setNext(found.next);
    } catch (found) {
      setError(found as Error);
    }
  };
  const known = new Set(first.runs.map((run) => run.run_id));
  const runs = [...first.runs, ...more.filter((run) => !known.has(run.run_id))];
  if (runs.length === 0) return <Empty>No run is like that.</Empty>;
  const toggle = (id: string) => choose((last) => (last.includes(id) ? last.filter((one) => one !== id) : [...last, id].slice(-2)));
  return (
    <section class="card">
      <table class="runs">
        <thead>
          <tr>
            <th class="wide">
              <CompareLink chosen={chosen} />
            </th>
            <th>State</th>
            <th>Run</th>
            <th class="wide">Input</th>
            <th class="number">Began</th>
            <th class="number">Took</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run_id}>
              <td class="wide">
                <input type="checkbox" aria-label={`Compare ${run.pipeline} ${short(run.run_id)}`} checked={chosen.includes(run.run_id)} onChange={() => toggle(run.run_id)} />
              </td>
              <RunCells run={run} />
            </tr>
          ))}
        </tbody>
      </table>
      {error && <Failure error={error} />}
      {next !== null && (
        <button type="button" onClick={() => void load()}>
          More
        </button>
      )}
    </section>
  );
}

function CompareLink({ chosen }: { chosen: readonly string[] }) {
  const [a, b] = chosen;
  if (a === undefined || b === undefined) return <span class="muted">Compare</span>;
  return (
    <a class="button" href={href(["compare"], { a, b })}>
      Compare
    </a>
  );
}
