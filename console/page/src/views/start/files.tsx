/** Files for a run: dragged in or chosen, each sent with its progress. */
import { useRef, useState } from "preact/hooks";
import { href } from "../../address.ts";
import type { Pipeline, StoredFile } from "../../api/contract.ts";
import { proof, refused } from "../../api/request.ts";
import { me } from "../../me.ts";
import { Mark } from "../../parts/state.tsx";
import { bytes, short } from "../../words.ts";
import { revealed } from "../../written.ts";

export interface Sending {
  id: number;
  name: string;
  size: number;
  sent: number;
  stored: StoredFile | null;
  error: string | null;
}

let last = 0;

/** Send a file; `tell` hears how far it is. */
function send(pipeline: string, file: File, token: string, prefix: string | null, tell: (part: Partial<Sending>) => void): Promise<void> {
  return new Promise((resolve) => {
    const query = new URLSearchParams({ token, ...(prefix === null ? {} : { prefix }) });
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/pipelines/${encodeURIComponent(pipeline)}/files/${encodeURIComponent(file.name)}?${query.toString()}`);
    for (const [name, value] of Object.entries(proof())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => tell({ sent: event.loaded });
    request.onerror = () => (tell({ error: "The connection was lost." }), resolve());
    request.onload = () => {
      if (request.status < 300) tell({ sent: file.size, stored: JSON.parse(request.responseText) as StoredFile });
      else tell({ error: refused(request.status, request.responseText).message });
      resolve();
    };
    request.send(file);
  });
}

export function Files(props: { pipeline: Pipeline; token: string; files: readonly Sending[]; change: (update: (files: readonly Sending[]) => readonly Sending[]) => void }) {
  const { pipeline, token, files, change } = props;
  const [over, setOver] = useState(false);
  const prefixes = pipeline.triggers.filter((one) => one.kind === "upload" && one.prefix !== null).map((one) => one.prefix as string);
  const [prefix, setPrefix] = useState<string | null>(prefixes[0] ?? null);
  const picker = useRef<HTMLInputElement>(null);
  const take = async (list: FileList | null | undefined): Promise<void> => {
    for (const file of list ?? []) {
      const id = (last += 1);
      const tell = (part: Partial<Sending>): void => change((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)));
      const limit = me.peek()?.max_upload_bytes ?? Infinity;
      const error = file.size > limit ? `It is larger than ${bytes(limit)}: upload it with the command line.` : null;
      change((all) => [...all, { id, name: file.name, size: file.size, sent: 0, stored: null, error }]);
      if (error === null) await send(pipeline.name, file, token, prefix, tell);
    }
  };
  return (
    <fieldset class="files">
      <legend>Files</legend>
      {prefixes.length > 1 && (
        <label>
          To{" "}
          <select value={prefix ?? ""} onChange={(event) => setPrefix(event.currentTarget.value)}>
            {prefixes.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      <div
        class={`drop${over ? " over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files);
        }}
      >
        <label>
          Drag files here, or{" "}
          <input
            ref={picker}
            type="file"
            multiple
            onChange={(event) => {
              void take(event.currentTarget.files);
            }}
          />
        </label>
      </div>
      <ul class="rows" aria-live="polite">
        {files.map((one) => (
          <SentFile key={one.id} one={one} />
        ))}
      </ul>
    </fieldset>
  );
}

function SentFile({ one }: { one: Sending }) {
  const { stored } = one;
  return (
    <li>
      <Mark tone={one.error ? "bad" : stored ? "ok" : "run"} word={one.error ? "refused" : stored ? "stored" : "being sent"} />
      <span class="mono">{revealed(one.name) ?? one.name}</span>
      <span class="muted number">{bytes(one.size)}</span>
      {!stored && !one.error && <progress max={Math.max(1, one.size)} value={one.sent} aria-label={`${revealed(one.name) ?? one.name}: sent`} />}
      {one.error && <span class="reason">{one.error}</span>}
      {stored?.run_ids.map((id) => (
        <a key={id} href={href(["runs", id])}>
          started {short(id)}
        </a>
      ))}
      {stored?.of_request && <span class="muted">goes along with the run that you start</span>}
      {stored?.gathered && (
        <span class="muted">
          waits in <a href="/uploads">an open group</a>
        </span>
      )}
    </li>
  );
}
