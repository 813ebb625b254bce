/** Starts pipelines: a form for each from its schema, files by dragging them in, and when it starts by itself. */
import { useMemo, useState } from "preact/hooks";
import { address, go, href, path } from "../../address.ts";
import type { Pipeline, PipelineNow, Pipelines, RunDetail, Started, Trigger } from "../../api/contract.ts";
import { post, Refused } from "../../api/request.ts";
import { STILL, useRead } from "../../api/use_read.ts";
import { missing, refuse } from "../../me.ts";
import { Empty, Failure, Read } from "../../parts/notice.tsx";
import { Sections } from "../../parts/sections.tsx";
import { At, Since } from "../../parts/times.tsx";
import { counted } from "../../words.ts";
import { written } from "../../written.ts";
import { Files, type Sending } from "./files.tsx";
import { Fields, JsonArea, type Values } from "./form.tsx";
import { fieldsOf, initialOf, inputOf } from "./schema.ts";

export function Start() {
  const pipelines = useRead<Pipelines>("/api/pipelines", STILL);
  const name = path.value[1];
  return (
    <>
      <h1>{name === undefined ? "Start" : `Start ${name}`}</h1>
      <Read of={pipelines}>
        {(found) => {
          if (found.note) return <Empty>{found.note}</Empty>;
          if (name === undefined) return <All pipelines={found.pipelines} />;
          const one = found.pipelines.find((pipeline) => pipeline.name === name);
          return one ? <One key={name} pipeline={one} /> : <Empty>There is no pipeline {name}.</Empty>;
        }}
      </Read>
    </>
  );
}

function All({ pipelines }: { pipelines: readonly Pipeline[] }) {
  return (
    <ul class="tiles">
      {pipelines.map((one) => (
        <li key={one.name} class="card">
          <h2>
            <a href={href(["start", one.name])}>{one.name}</a>
          </h2>
          <p class="muted">{counted(one.steps.length, "step")}</p>
          <Triggers triggers={one.triggers} />
          <p class="links">
            <a href={href(["runs"], { pipeline: one.name })}>Runs</a>
            <a href={href(["trends", one.name])}>Trends</a>
          </p>
        </li>
      ))}
    </ul>
  );
}

function Triggers({ triggers }: { triggers: readonly Trigger[] }) {
  return (
    <ul class="triggers">
      {triggers.map((one, index) => (
        <li key={index}>
          {one.text}
          {one.next && (
            <span class="muted">
              {" "}
              next <At at={one.next} /> (<Since at={one.next} />)
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function One({ pipeline }: { pipeline: Pipeline }) {
  const again = address.value.query["again"] ?? null;
  const now = useRead<PipelineNow>(`/api/pipelines/${encodeURIComponent(pipeline.name)}/now`, null);
  const before = useRead<RunDetail>(again === null ? null : `/api/runs/${encodeURIComponent(again)}`, STILL);
  return (
    <>
      <section class="card">
        <Triggers triggers={pipeline.triggers} />
        <p class="links">
          <a href={href(["runs"], { pipeline: pipeline.name })}>Runs</a>
          <a href={href(["trends", pipeline.name])}>Trends</a>
          <a href={href(["alerts"], { pipeline: pipeline.name })}>Alerts</a>
        </p>
      </section>
      {now.error && <Failure error={now.error} again={now.again} />}
      {now.value && <Sections sections={now.value.sections} />}
      {again === null ? (
        <Form pipeline={pipeline} given={undefined} />
      ) : (
        <Read of={before}>
          {(found) => (
            <>
              <p class="muted">
                With the input of <a href={href(["runs", again])}>{again}</a>: {found.input.text}
              </p>
              <Form pipeline={pipeline} given={found.input.json ?? undefined} />
            </>
          )}
        </Read>
      )}
    </>
  );
}

function Form({ pipeline, given }: { pipeline: Pipeline; given: unknown }) {
  const fields = useMemo(() => fieldsOf(pipeline.schema), [pipeline]);
  // The same token for the same form: pressing twice starts one run.
  const token = useMemo(() => crypto.randomUUID(), []);
  const [values, change] = useState<Values>(() => initialOf(fields ?? [], given));
  const [asText, setAsText] = useState(fields === null);
  const [text, write] = useState(given === undefined ? "" : written(given));
  const [files, changeFiles] = useState<readonly Sending[]>([]);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const lacks = missing("start");
  const along = files.filter((one) => one.stored?.of_request).map((one) => one.stored?.name as string);
  const sending = files.some((one) => !one.stored && !one.error);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (lacks !== null || busy) return;
    setBusy(true);
    setError(null);
    try {
      const input = asText ? (text.trim() === "" ? null : (JSON.parse(text) as unknown)) : inputOf(fields ?? [], values);
      const { run_ids } = await post<Started>(`/api/pipelines/${encodeURIComponent(pipeline.name)}/start`, { token, input, files: along });
      go(run_ids.length === 1 ? href(["runs", run_ids[0] as string]) : href(["runs"], { pipeline: pipeline.name }));
    } catch (found) {
      setError(found instanceof SyntaxError ? new Error(`This is no JSON: ${found.message}`) : (found as Error));
      if (found instanceof Refused && found.status === 403) refuse("start", found.problem.missing_permission);
      setBusy(false);
    }
  };
  const swap = (): void => {
    if (!asText) write(written(inputOf(fields ?? [], values)));
    else {
      try {
        change(initialOf(fields ?? [], text.trim() === "" ? undefined : JSON.parse(text)));
      } catch (found) {
        setError(new Error(`This is no JSON: ${(found as Error).message}`));
        return;
      }
    }
    setError(null);
    setAsText(!asText);
  };
  return (
    <form class="card start" onSubmit={(event) => void submit(event)}>
      {pipeline.note && <p class="muted">{pipeline.note}</p>}
      {pipeline.takes_input && (
        <>
          {fields !== null && (
            <p class="links">
              <button type="button" class="plain" onClick={swap}>
                {asText ? "As a form" : "As JSON"}
              </button>
            </p>
          )}
          {asText ? (
            <div class="field">
              <label for="input">Input, as JSON</label>
              <JsonArea id="input" rows={8} text={text} write={(area) => write(area.value)} />
            </div>
          ) : (
            <Fields fields={fields ?? []} values={values} change={change} />
          )}
        </>
      )}
      {pipeline.takes_files && <Files pipeline={pipeline} token={token} files={files} change={changeFiles} />}
      {error && <Failure error={error} />}
      {pipeline.takes_input && (
        <div class="buttons">
          <button type="submit" class="main" aria-disabled={lacks !== null || busy || sending}>
            {busy ? "Starting …" : "Start"}
          </button>
          {lacks && <span class="lacks">needs {lacks}</span>}
          {sending && <span class="muted">Files are on their way.</span>}
        </div>
      )}
    </form>
  );
}
