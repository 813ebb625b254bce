/** The files that a run published: a preview of each, and its download. */
import { useEffect, useRef, useState } from "preact/hooks";
import { address, ask } from "../../address.ts";
import type { Preview, ResultFile, Results as Found } from "../../api/contract.ts";
import { STILL, useRead } from "../../api/use_read.ts";
import { Empty, Failure, Read } from "../../parts/notice.tsx";
import { drawInParts } from "./in_parts.ts";
import { bytes, count } from "../../words.ts";

const inPath = (name: string): string => name.split("/").map(encodeURIComponent).join("/");

export function Results({ runId }: { runId: string }) {
  const base = `/api/runs/${encodeURIComponent(runId)}`;
  const results = useRead<Found>(`${base}/results`, runId);
  const chosen = address.value.query["file"] ?? null;
  return (
    <Read of={results}>
      {(found) =>
        found.files.length === 0 ? (
          <Empty>This run has published nothing.</Empty>
        ) : (
          <div class="results">
            <section class="card">
              <ul class="rows files">
                {found.files.map((file) => (
                  <File key={file.name} base={base} file={file} chosen={file.name === chosen} />
                ))}
              </ul>
              {found.more && <p class="muted">There are more files: {count(found.files.length)} are listed.</p>}
            </section>
            {chosen !== null && <Shown base={base} name={chosen} />}
          </div>
        )
      }
    </Read>
  );
}

function File({ base, file, chosen }: { base: string; file: ResultFile; chosen: boolean }) {
  return (
    <li>
      {file.kind === "other" ? (
        <span class="mono">{file.name}</span>
      ) : (
        <button type="button" class="plain mono" aria-pressed={chosen} onClick={() => ask({ file: file.name })}>
          {file.name}
        </button>
      )}
      <span class="end number muted">{bytes(file.size)}</span>
      <a href={`${base}/download/${inPath(file.name)}`} download aria-label={`Download ${file.name}`}>
        Download
      </a>
    </li>
  );
}

function Shown({ base, name }: { base: string; name: string }) {
  const preview = useRead<Preview>(`${base}/preview/${inPath(name)}`, STILL);
  return (
    <section class="card preview" aria-label={`Preview of ${name}`}>
      <h2 class="mono">{name}</h2>
      <Read of={preview}>
        {(found) => (
          <>
            <Content found={found} />
            {found.cut && <p class="muted">This is the beginning of {bytes(found.size)}.</p>}
          </>
        )}
      </Read>
    </section>
  );
}

function Content({ found }: { found: Preview }) {
  if (found.kind === "table" && found.columns) {
    return (
      <div class="scroll" tabIndex={0} role="region" aria-label="Table">
        <table class="data">
          <thead>
            <tr>
              {found.columns.map((one, index) => (
                <th key={index} scope="col">
                  {one}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.rows?.map((row, index) => (
              <tr key={index}>
                {row.map((cell, at) => (
                  <td key={at}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    );
  }
  if (found.kind === "image" && found.src && found.parts !== null) {
    return <InParts key={found.src} src={found.src} parts={found.parts} name={found.name} />;
  }
  if (found.kind === "image" && found.src) return <img src={found.src} alt={found.name} />;
  // Nothing is allowed in it: no script, no form, no way to the page around it.
  if (found.kind === "html" && found.src) return <iframe sandbox="" src={found.src} title={found.name} />;
  if (found.text !== null) {
    return (
      <pre class="text" tabIndex={0}>
        {found.text}
      </pre>
    );
  }
  return <Empty>There is no preview of this file.</Empty>;
}

/** An image that is larger than an answer may be: drawn, as the page's policy has no address for what it made itself. */
function InParts({ src, parts, name }: { src: string; parts: number; name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [error, setError] = useState<Error | null>(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    const end = new AbortController();
    drawInParts(canvas.current as HTMLCanvasElement, src, parts, end.signal)
      .then(() => setDrawn(true))
      .catch((found: unknown) => end.signal.aborted || setError(found as Error));
    return () => end.abort();
  }, []);
  return (
    <>
      {error && <Failure error={error} />}
      {!drawn && !error && <p class="empty loading">Reading …</p>}
      <canvas ref={canvas} role="img" aria-label={name} hidden={!drawn} />
    </>
  );
}
