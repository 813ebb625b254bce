/** Files on their way: groups that are still open, and uploads that started nothing. */
import { href } from "../address.ts";
import type { Group, Groups, Uploads as Found } from "../api/contract.ts";
import { useRead } from "../api/use_read.ts";
import { now } from "../now.ts";
import { Empty, Read } from "../parts/notice.tsx";
import { Mark } from "../parts/state.tsx";
import { At } from "../parts/times.tsx";
import { bytes, count, duration } from "../words.ts";

export function Uploads() {
  const groups = useRead<Groups>("/api/groups", null);
  const uploads = useRead<Found>("/api/uploads", null);
  return (
    <>
      <h1>Uploads</h1>
      <section class="card">
        <h2>Open groups</h2>
        <Read of={groups}>
          {(found) =>
            found.groups.length === 0 ? (
              <Empty>No group is open.</Empty>
            ) : (
              <ul class="rows">
                {found.groups.map((one) => (
                  <GroupRow key={one.run_id} one={one} />
                ))}
              </ul>
            )
          }
        </Read>
      </section>
      <section class="card">
        <h2>Started nothing</h2>
        <Read of={uploads}>
          {(found) => (
            <>
              {found.uploads.length === 0 && <Empty>Every file in the inbox started a run.</Empty>}
              <ul class="rows">
                {found.uploads.map((one) => (
                  <li key={one.key}>
                    <Mark tone="warn" />
                    <span class="mono">{one.key}</span>
                    <span class="muted number">{bytes(one.size)}</span>
                    <span class="reason">{one.text}</span>
                    <span class="muted end">
                      <At at={one.at} />
                    </span>
                  </li>
                ))}
              </ul>
              {found.more && <p class="muted">Not all files of the inbox were looked at.</p>}
            </>
          )}
        </Read>
      </section>
    </>
  );
}

function GroupRow({ one }: { one: Group }) {
  const left = (Date.parse(one.closes_at) - now.value) / 1_000;
  const whole = (Date.parse(one.closes_at) - Date.parse(one.opened_at)) / 1_000;
  return (
    <li>
      <Mark tone="wait" />
      <b>{one.pipeline}</b>
      <span>
        {count(one.files)} of at most {count(one.max_files)} files
      </span>
      <span class="muted cut">{one.trigger}</span>
      <span class="meter" aria-hidden="true">
        <span style={{ width: `${Math.min(100, Math.max(0, (1 - left / Math.max(1, whole)) * 100))}%` }} />
      </span>
      <span class="number" role="timer">
        {left > 0 ? `closes in ${duration(left)}` : "closes now"}
      </span>
      <a href={href(["runs", one.run_id])}>Its run</a>
    </li>
  );
}
