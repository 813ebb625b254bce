/** The graph of a run, and its steps as a table for those who would rather read. */
import { useState } from "preact/hooks";
import { address, ask, go, href } from "../../address.ts";
import type { Node, RunDetail } from "../../api/contract.ts";
import { progress } from "../../drawing/graph.ts";
import { lookOf } from "../../palette.ts";
import { GraphCanvas } from "../../parts/graph_canvas.tsx";
import { State } from "../../parts/state.tsx";
import { count, counted, duration } from "../../words.ts";

const MOST_ROWS = 200;
/** A table of more steps is shown when somebody asks for it. */
const SHORT = 30;

export function RunGraph({ detail }: { detail: RunDetail }) {
  const runId = detail.run.run_id;
  const chosen = address.value.query["step"] ?? null;
  const node = detail.graph.nodes.find((one) => one.name === chosen);
  return (
    <>
      <GraphCanvas
        graph={detail.graph}
        about={runId}
        chosen={chosen}
        label={`Graph of ${counted(detail.graph.nodes.length, "step")}. Arrow keys go from step to step, Enter opens one, plus and minus zoom.`}
        choose={(one) => ask({ step: one.name })}
        open={(one) => go(href(["runs", runId, "steps", one.name]))}
      />
      <div aria-live="polite">{node && <Chosen runId={runId} node={node} detail={detail} />}</div>
      <Steps detail={detail} />
    </>
  );
}

function Chosen({ runId, node, detail }: { runId: string; node: Node; detail: RunDetail }) {
  const waits = detail.graph.edges.filter((edge) => edge.child === node.name);
  return (
    <section class="card chosen" aria-label={`Step ${node.name}`}>
      <p class="headline">
        <State state={node.state} /> <b>{node.name}</b>
        <span class="muted">
          {node.kind}
          {node.generation > 0 && ` · generation ${node.generation}`}
          {node.children > 1 && ` · ${counted(node.children, "child", "children")}`}
          {node.items !== null && ` · ${counted(node.items, "item")}`}
          {node.failed_items ? ` · ${count(node.failed_items)} not done` : ""}
        </span>
        <span class="end links">
          <a href={href(["runs", runId, "steps", node.name])}>{node.children > 1 ? "Children" : "Open"}</a>
          <a href={href(["runs", runId, "logs"], { step: node.name })}>Log</a>
        </span>
      </p>
      {node.reason && <p class="reason">{node.reason}</p>}
      {waits.length > 0 && (
        <ul class="waits">
          {waits.slice(0, 12).map((edge) => (
            <li key={edge.parent} class={edge.open ? "open" : ""}>
              {edge.text}
            </li>
          ))}
          {waits.length > 12 && <li>and {count(waits.length - 12)} more</li>}
        </ul>
      )}
    </section>
  );
}

function Steps({ detail }: { detail: RunDetail }) {
  const runId = detail.run.run_id;
  const { nodes } = detail.graph;
  const [open, show] = useState(nodes.length <= SHORT);
  return (
    <details class="card" open={open} onToggle={(event) => show(event.currentTarget.open)}>
      <summary>
        <h2>
          Steps <span class="count">{count(nodes.length)}</span>
        </h2>
      </summary>
      <table>
        <thead>
          <tr>
            <th>State</th>
            <th>Step</th>
            <th class="wide">Kind</th>
            <th>Progress</th>
            <th class="number">Took</th>
          </tr>
        </thead>
        <tbody>
          {(open ? nodes : []).slice(0, MOST_ROWS).map((node) => (
            <tr key={node.name} data-step={node.name} data-state={node.state}>
              <td>
                <State state={node.state} />
              </td>
              <td>
                <a href={href(["runs", runId, "steps", node.name])}>{node.name}</a>
              </td>
              <td class="wide muted">{node.kind}</td>
              <td>{progress(node, node.children === 1 ? "" : lookOf(node.state).word)}</td>
              <td class="number">{node.seconds === null ? "" : duration(node.seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {nodes.length > MOST_ROWS && <p class="muted">The graph has the other {count(nodes.length - MOST_ROWS)}.</p>}
    </details>
  );
}
