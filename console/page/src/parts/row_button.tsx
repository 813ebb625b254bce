/** The button of a row: it says what it will do before it does it, and then what it did. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Button, Done } from "../api/contract.ts";
import { post, Refused } from "../api/request.ts";
import { missing, refuse } from "../me.ts";
import { Sentences } from "./actions.tsx";
import { Failure } from "./notice.tsx";

export function RowButton({ button, about }: { button: Button; about: string }) {
  const [asked, ask] = useState(false);
  const lacks = missing(button.action);
  return (
    <>
      <button
        type="button"
        aria-disabled={lacks !== null}
        aria-label={`${button.word}: ${about}`}
        title={lacks ? `You lack ${lacks}` : undefined}
        onClick={() => lacks === null && ask(true)}
      >
        {button.word}
        {lacks && <span class="lacks"> needs {lacks}</span>}
      </button>
      {asked && <Dialog button={button} close={() => ask(false)} />}
    </>
  );
}

function Dialog({ button, close }: { button: Button; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [done, setDone] = useState<Done | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const act = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      setDone(await post<Done>(button.address));
    } catch (found) {
      setError(found as Error);
      if (found instanceof Refused && found.status === 403) refuse(button.action, found.problem.missing_permission);
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} aria-labelledby="row-action-title" onClose={close}>
      <h2 id="row-action-title">{button.word}</h2>
      <div aria-live="polite">
        <Sentences text={done ? done.text : [button.does]} title={done ? "Done:" : "It will do this:"} />
      </div>
      {error && <Failure error={error} />}
      <div class="buttons">
        {done === null && (
          <button type="button" class="main" disabled={busy} onClick={() => void act()}>
            {busy ? "Doing it …" : button.word}
          </button>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          Close the window
        </button>
      </div>
    </dialog>
  );
}
