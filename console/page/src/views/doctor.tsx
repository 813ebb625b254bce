/** What `sluice doctor` finds. */
import type { Doctor as Found, Finding } from "../api/contract.ts";
import { STILL, useRead } from "../api/use_read.ts";
import { missing } from "../me.ts";
import type { Tone } from "../palette.ts";
import { Empty, Read } from "../parts/notice.tsx";
import { Mark } from "../parts/state.tsx";

const TONES: Readonly<Record<string, Tone>> = { ok: "ok", note: "warn", problem: "bad" };
const ORDER = ["problem", "note", "ok"];

export function Doctor() {
  const lacks = missing("doctor");
  const doctor = useRead<Found>(lacks === null ? "/api/doctor" : null, STILL);
  return (
    <>
      <h1>Doctor</h1>
      <div class="toolbar">
        <button type="button" aria-disabled={lacks !== null} onClick={() => lacks === null && doctor.again()}>
          Look again
        </button>
        {lacks && <span class="lacks">needs {lacks}</span>}
      </div>
      {lacks === null && (
        <Read of={doctor}>
          {(found) => (
            <>
              {found.note && <p class="muted">{found.note}</p>}
              {found.findings.length === 0 && !found.note && <Empty>Nothing was checked.</Empty>}
              {found.findings.length > 0 && <Findings findings={found.findings} />}
            </>
          )}
        </Read>
      )}
    </>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  const sorted = [...findings].sort((one, other) => ORDER.indexOf(one.level) - ORDER.indexOf(other.level));
  return (
    <section class="card">
      <ul class="rows findings">
        {sorted.map((one, index) => (
          <li key={index}>
            <Mark tone={TONES[one.level] ?? "none"} word={one.level} /> <b>{one.check}</b> <span>{one.text}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
