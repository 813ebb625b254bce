/** When a run did what: waiting, booting and working apart, and the vCPUs in use. */
import { href } from "../../address.ts";
import type { Lane, Segment, Timeline as Found } from "../../api/contract.ts";
import { useRead } from "../../api/use_read.ts";
import { now } from "../../now.ts";
import { Empty, Read } from "../../parts/notice.tsx";
import { count, duration } from "../../words.ts";

const MOST_LANES = 400;
const TICKS = 5;

interface Scale {
  start: number;
  length: number;
}

export function Timeline({ runId }: { runId: string }) {
  const timeline = useRead<Found>(`/api/runs/${encodeURIComponent(runId)}/timeline`, runId);
  return (
    <Read of={timeline}>
      {(found) => (found.lanes.length === 0 ? <Empty>Nothing of this run has begun.</Empty> : <Shown runId={runId} found={found} />)}
    </Read>
  );
}

function Shown({ runId, found }: { runId: string; found: Found }) {
  const start = Date.parse(found.start);
  const open = found.lanes.some((lane) => lane.segments.some((one) => one.end === null));
  const ends = found.lanes.flatMap((lane) => lane.segments).map((one) => (one.end ? Date.parse(one.end) : 0));
  const end = ends.reduce((last, one) => Math.max(last, one), Math.max(Date.parse(found.end), open ? now.value : 0, start + 1_000));
  const scale = { start, length: end - start };
  return (
    <section class="card timeline">
      <ul class="legend" aria-label="Phases">
        {["waiting", "booting", "working"].map((phase) => (
          <li key={phase}>
            <span class={`segment ${phase}`} aria-hidden="true" /> {phase}
          </li>
        ))}
        <li>
          <span class="segment working failed" aria-hidden="true" /> ended in failure
        </li>
      </ul>
      <Vcpus found={found} scale={scale} />
      <div class="lanes">
        <div class="ticks" aria-hidden="true">
          {Array.from({ length: TICKS + 1 }, (_, index) => (
            <span key={index} style={{ left: `${(index / TICKS) * 100}%` }}>
              {duration((scale.length / 1_000) * (index / TICKS))}
            </span>
          ))}
        </div>
        <ul>
          {found.lanes.slice(0, MOST_LANES).map((lane) => (
            <Row key={`${lane.step}:${lane.child}`} runId={runId} lane={lane} scale={scale} />
          ))}
        </ul>
      </div>
      {found.lanes.length > MOST_LANES && <p class="muted">{count(found.lanes.length - MOST_LANES)} further lanes are not shown.</p>}
      {found.sampled && <p class="muted">Children beyond the first of large arrays are reckoned from those.</p>}
    </section>
  );
}

function Row({ runId, lane, scale }: { runId: string; lane: Lane; scale: Scale }) {
  const to = lane.child === null ? href(["runs", runId, "steps", lane.step]) : href(["runs", runId, "steps", lane.step], { child: lane.child });
  return (
    <li>
      <a class="cut" href={to} title={lane.step}>
        {lane.child === null ? lane.step : `${lane.step} ${lane.child}`}
      </a>
      <span class="track" role="img" aria-label={lane.segments.map(described).join("; ")}>
        {lane.segments.map((one, index) => (
          <Piece key={index} one={one} scale={scale} />
        ))}
      </span>
    </li>
  );
}

function Piece({ one, scale }: { one: Segment; scale: Scale }) {
  const from = (Date.parse(one.start) - scale.start) / scale.length;
  const to = ((one.end ? Date.parse(one.end) : scale.start + scale.length) - scale.start) / scale.length;
  return (
    <span
      class={`segment ${one.phase}${one.state === "FAILED" ? " failed" : ""}`}
      title={described(one)}
      style={{ left: `${from * 100}%`, width: `${Math.max(0.2, (to - from) * 100)}%` }}
    />
  );
}

function described(one: Segment): string {
  const end = one.end ? Date.parse(one.end) : now.peek();
  const parts = [one.phase, duration((end - Date.parse(one.start)) / 1_000)];
  if (one.generation > 0) parts.push(`generation ${one.generation}`);
  if (one.attempt !== null && one.attempt > 1) parts.push(`attempt ${one.attempt}`);
  if (one.state) parts.push(one.state.toLowerCase());
  return parts.join(", ");
}

function Vcpus({ found, scale }: { found: Found; scale: Scale }) {
  const most = Math.max(1, ...found.vcpus.map(([, value]) => value));
  const x = (at: string) => Math.max(0, Math.min(1_000, ((Date.parse(at) - scale.start) / scale.length) * 1_000));
  const y = (value: number) => 56 - (value / most) * 52;
  let way = `M0 56`;
  for (const [at, value] of found.vcpus) way += `H${x(at).toFixed(1)}V${y(value).toFixed(1)}`;
  const last = found.vcpus.at(-1)?.[1] ?? 0;
  if (last > 0) way += "H1000";
  return (
    <figure class="vcpus">
      <figcaption>
        vCPUs in use <span class="muted">at most {count(Math.round(most * 10) / 10)}</span>
      </figcaption>
      <svg viewBox="0 0 1000 60" preserveAspectRatio="none" role="img" aria-label={`vCPUs in use over time, at most ${most}`}>
        <path class="area" d={`${way}V56Z`} />
        <path class="edge" d={way} vector-effect="non-scaling-stroke" />
      </svg>
    </figure>
  );
}
