/** Failures by their reasons, with the items of each and the way to their logs. */
import { href } from "../../address.ts";
import type { FailureGroup, Failures as Found } from "../../api/contract.ts";
import { useRead } from "../../api/use_read.ts";
import { Empty, Read } from "../../parts/notice.tsx";
import { Mark } from "../../parts/state.tsx";
import { count, counted } from "../../words.ts";

export function Failures({ runId }: { runId: string }) {
  const failures = useRead<Found>(`/api/runs/${encodeURIComponent(runId)}/failures`, runId);
  return (
    <Read of={failures}>
      {(found) => (
        <>
          {found.groups.length === 0 && <Empty>No failure is recorded of this run.</Empty>}
          {found.groups.map((group, index) => (
            <Group key={index} runId={runId} group={group} />
          ))}
          {found.more && <p class="muted">There are more reports than were read.</p>}
        </>
      )}
    </Read>
  );
}

function Group({ runId, group }: { runId: string; group: FailureGroup }) {
  return (
    <section class="card bad failure">
      <p class="headline">
        <Mark tone="bad" /> <b>{group.step}</b>
        <span class="muted">
          {counted(group.count, "failure")}
          {group.generation > 0 && ` · generation ${group.generation}`}
        </span>
      </p>
      <p class="reason">{group.reason}</p>
      <ul class="rows items">
        {group.items.map((one, index) => (
          <li key={index}>
            <span class="number muted">{one.item === null ? `child ${count(one.child)}` : `item ${count(one.item)}`}</span>
            <span class="mono">{one.text}</span>
            <span class="end links">
              <a href={href(["runs", runId, "steps", group.step], { child: one.child })}>Child {count(one.child)}</a>
              <a href={href(["runs", runId, "logs"], { step: group.step, child: one.child, generation: group.generation })}>Log</a>
            </span>
          </li>
        ))}
      </ul>
      {group.count > group.items.length && group.items.length > 0 && <p class="muted">and {count(group.count - group.items.length)} more</p>}
    </section>
  );
}
