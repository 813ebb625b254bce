/** What stands where there is nothing to show: it is being read, it is empty, it was refused. */
import type { ComponentChildren } from "preact";
import { Refused } from "../api/request.ts";
import type { Reading } from "../api/use_read.ts";
import { Mark } from "./state.tsx";

export function Failure({ error, again }: { error: Error; again?: (() => void) | undefined }) {
  const lacks = error instanceof Refused ? error.problem.missing_permission : null;
  return (
    <div class="notice bad" role="alert">
      <Mark tone="bad" />
      <p>
        {error.message}
        {lacks && (
          <>
            {" "}
            Missing: <code>{lacks}</code>
          </>
        )}
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Show what was read; until then, that it is being read. An error stands above what was read before it. */
export function Read<T>({ of, children }: { of: Reading<T>; children: (value: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <Failure error={of.error} again={of.again} />}
      {of.value !== null ? children(of.value) : !of.error && <p class="empty loading">Reading …</p>}
    </>
  );
}
