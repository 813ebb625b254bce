/** A run: its head with the buttons, and one of its views. */
import type { JSX } from "preact";
import { href, path } from "../../address.ts";
import type { RunDetail } from "../../api/contract.ts";
import { useRead } from "../../api/use_read.ts";
import { Actions } from "../../parts/actions.tsx";
import { Read } from "../../parts/notice.tsx";
import { Labels, RunTook } from "../../parts/run_row.tsx";
import { Sections } from "../../parts/sections.tsx";
import { State } from "../../parts/state.tsx";
import { At } from "../../parts/times.tsx";
import { short } from "../../words.ts";
import { Failures } from "./failures.tsx";
import { RunGraph } from "./graph.tsx";
import { Input } from "./input.tsx";
import { Logs } from "./logs.tsx";
import { Results } from "./results.tsx";
import { StepView } from "./step.tsx";
import { Timeline } from "./timeline.tsx";
import { Why } from "./why.tsx";

const TABS: readonly (readonly [string, string])[] = [
  ["", "Graph"],
  ["failures", "Failures"],
  ["why", "Why it waits"],
  ["logs", "Logs"],
  ["results", "Results"],
  ["timeline", "Timeline"],
  ["input", "Input"],
];
const VIEWS: Readonly<Record<string, (detail: RunDetail) => JSX.Element>> = {
  "": (detail) => <RunGraph detail={detail} />,
  failures: (detail) => <Failures runId={detail.run.run_id} />,
  why: (detail) => <Why runId={detail.run.run_id} />,
  logs: (detail) => <Logs detail={detail} />,
  results: (detail) => <Results runId={detail.run.run_id} />,
  timeline: (detail) => <Timeline runId={detail.run.run_id} />,
  input: (detail) => <Input detail={detail} />,
  steps: (detail) => <StepView key={path.value[3] ?? ""} detail={detail} step={path.value[3] ?? ""} />,
};

/** What a run that goes on has for a reason is of before a retry. */
const WITH_REASON = ["FAILED", "SUCCEEDED", "REPLACED"];

export function Run({ runId }: { runId: string }) {
  const detail = useRead<RunDetail>(`/api/runs/${encodeURIComponent(runId)}`, runId);
  const tab = path.value[2] ?? "";
  return (
    <>
      {detail.value === null && <h1>{short(runId)}</h1>}
      <Read of={detail}>
        {(found) => (
          <>
            <Head detail={found} />
            <nav class="tabs" aria-label="Views of the run">
              {TABS.map(([name, word]) => (
                <a key={name} href={href(["runs", runId, ...(name ? [name] : [])])} aria-current={name === tab ? "page" : undefined}>
                  {word}
                </a>
              ))}
            </nav>
            {(VIEWS[tab] ?? VIEWS[""])?.(found)}
            {tab === "" && <Sections sections={found.sections} />}
          </>
        )}
      </Read>
    </>
  );
}

function Head({ detail }: { detail: RunDetail }) {
  const { run } = detail;
  return (
    <div class="run-head">
      <div>
        <h1>
          {run.pipeline} <span class="id">{run.run_id}</span>
        </h1>
        <p class="facts">
          <State state={run.state} />
          <span>
            <At at={run.created_at} />
          </span>
          <RunTook run={run} />
          {detail.reopened > 0 && <span>reopened {detail.reopened}×</span>}
          <span class="muted cut" title={run.input}>
            {run.input}
          </span>
          <Labels labels={run.labels} />
        </p>
        {WITH_REASON.includes(run.state) && run.reason && (
          <p class="reason">
            {run.failed_step && <b>{run.failed_step}: </b>}
            {run.reason}
          </p>
        )}
      </div>
      <Actions runId={run.run_id} actions={detail.actions} />
    </div>
  );
}
