/** What started a run, and the way to start another with it. */
import { href } from "../../address.ts";
import type { RunDetail } from "../../api/contract.ts";
import { written } from "../../written.ts";

export function Input({ detail }: { detail: RunDetail }) {
  const { input, run } = detail;
  return (
    <section class="card">
      <dl class="facts-list">
        {input.facts.map((fact) => (
          <>
            <dt>{fact.name}</dt>
            <dd>{fact.text}</dd>
          </>
        ))}
      </dl>
      {input.json !== null && input.json !== undefined && (
        <>
          <h2>Given</h2>
          <pre class="text" tabIndex={0}>
            {written(input.json)}
          </pre>
        </>
      )}
      <p>
        <a class="button" href={href(["start", run.pipeline], { again: run.run_id })}>
          Start again with this input
        </a>
      </p>
    </section>
  );
}
