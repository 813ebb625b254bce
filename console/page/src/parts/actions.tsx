/** The buttons of a run. Each says what it will do before it does it, and then what it did, as it does it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { go, href } from "../address.ts";
import type { ActionPlan, ActionResult } from "../api/contract.ts";
import { post, Refused } from "../api/request.ts";
import { missing, refuse } from "../me.ts";
import { short } from "../words.ts";
import { Failure } from "./notice.tsx";
import { Mark } from "./state.tsx";

const WORDS: Readonly<Record<string, string>> = {
  retry: "Retry",
  "retry-current": "Retry with current code",
  rerun: "Rerun",
  cancel: "Cancel",
};
/** What is under way is asked for again after so long. */
const AGAIN_AFTER = 1_000;

const wordOf = (action: string): string => WORDS[action] ?? action;
const address = (runId: string, action: string): string => `/api/runs/${encodeURIComponent(runId)}/${action}`;

export function Actions({ runId, actions }: { runId: string; actions: readonly string[] }) {
  const [asked, ask] = useState<string | null>(null);
  return (
    <div class="actions" role="group" aria-label={`Actions of ${short(runId)}`}>
      {actions.map((action) => (
        <ActionButton key={action} action={action} act={() => ask(action)} />
      ))}
      {asked !== null && <ActionDialog key={asked} runId={runId} action={asked} close={() => ask(null)} />}
    </div>
  );
}

function ActionButton({ action, act }: { action: string; act: () => void }) {
  const lacks = missing(action);
  return (
    <button
      type="button"
      class={action === "cancel" ? "grave" : ""}
      aria-disabled={lacks !== null}
      title={lacks ? `You lack ${lacks}` : undefined}
      onClick={() => lacks === null && act()}
    >
      {wordOf(action)}
      {lacks && <span class="lacks"> needs {lacks}</span>}
    </button>
  );
}

function ActionDialog({ runId, action, close }: { runId: string; action: string; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [plan, setPlan] = useState<ActionPlan | null>(null);
  const [result, setResult] = useState<ActionResult | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const open = useRef(true);
  useEffect(() => {
    dialog.current?.showModal();
    post<ActionPlan>(`${address(runId, action)}?dry`).then(setPlan, setError);
    return () => {
      open.current = false;
    };
  }, []);
  const act = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      // The same request goes on where the last one ended, until nothing is left.
      for (let done = false; !done && open.current; ) {
        const found = await post<ActionResult>(address(runId, action));
        setResult(found);
        done = found.done;
        if (!done) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
      }
    } catch (found) {
      setError(found as Error);
      if (found instanceof Refused && found.status === 403) refuse(action, found.problem.missing_permission);
    }
    setBusy(false);
  };
  const may = plan !== null && plan.allowed && plan.permission.allowed;
  return (
    <dialog ref={dialog} aria-labelledby="action-title" onClose={close}>
      <h2 id="action-title">
        {wordOf(action)} <span class="id">{short(runId)}</span>
      </h2>
      {plan === null && !error && <p class="loading">Looking at what it would do …</p>}
      {plan !== null && result === null && <Sentences text={plan.text} title="It will do this:" />}
      {plan !== null && !plan.permission.allowed && (
        <p class="notice warn">
          <Mark tone="warn" />
          <span>
            You may not: <code>{plan.permission.missing}</code> is missing.
          </span>
        </p>
      )}
      <div aria-live="polite">
        {result && <Sentences text={result.text} title={result.done ? "Done:" : "Under way:"} />}
      </div>
      {error && <Failure error={error} />}
      <div class="buttons">
        {result?.done && result.run_id !== runId && (
          <button
            type="button"
            class="main"
            onClick={() => {
              dialog.current?.close();
              go(href(["runs", result.run_id]));
            }}
          >
            Open the new run
          </button>
        )}
        {!result?.done && (
          <button type="button" class={action === "cancel" ? "main grave" : "main"} disabled={!may || busy} onClick={() => void act()}>
            {busy ? "Doing it …" : wordOf(action)}
          </button>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}

export function Sentences({ text, title }: { text: readonly string[]; title: string }) {
  return (
    <>
      <p>{title}</p>
      <ul>
        {text.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
    </>
  );
}
