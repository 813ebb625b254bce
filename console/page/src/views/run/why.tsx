/** Why a run waits, in words. */
import { href } from "../../address.ts";
import type { Why as Found } from "../../api/contract.ts";
import { useRead } from "../../api/use_read.ts";
import type { Tone } from "../../palette.ts";
import { Read } from "../../parts/notice.tsx";
import { Mark } from "../../parts/state.tsx";
import { Since } from "../../parts/times.tsx";

const TONES: Readonly<Record<string, Tone>> = {
  dependency: "wait",
  queue: "queue",
  blocked: "warn",
  environment: "bad",
  submitting: "queue",
  starting: "boot",
  turn: "wait",
};

export function Why({ runId }: { runId: string }) {
  const why = useRead<Found>(`/api/runs/${encodeURIComponent(runId)}/why`, runId);
  return (
    <Read of={why}>
      {(found) => (
        <>
          <p class="lead">{found.text}</p>
          <ul class="cards">
            {found.reasons.map((one, index) => (
              <li key={index} class="card">
                <p class="headline">
                  <Mark tone={TONES[one.kind] ?? "wait"} word={one.kind} />
                  {one.step === "" ? <b>The run</b> : <a href={href(["runs", runId], { step: one.step })}>{one.step}</a>}
                  <span class="muted end">
                    <Since at={one.since} />
                  </span>
                </p>
                <p>{one.text}</p>
                {one.detail && <p class="reason">{one.detail}</p>}
                {one.runs.length > 0 && (
                  <ul class="waits" aria-label="Runs ahead">
                    {one.runs.map((ahead) => (
                      <li key={ahead} class="open">
                        <a href={href(["runs", ahead])}>{ahead}</a>
                      </li>
                    ))}
                  </ul>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </Read>
  );
}
