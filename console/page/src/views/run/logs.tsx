/** A log, followed while it is written: of a step, a child, an attempt, a generation; searched. */
import { useEffect, useRef, useState } from "preact/hooks";
import { address, ask } from "../../address.ts";
import type { LogLine, Logs as Found, RunDetail } from "../../api/contract.ts";
import { read } from "../../api/request.ts";
import { Empty, Failure } from "../../parts/notice.tsx";
import { Typed } from "../../parts/typed.tsx";

const FOLLOWED_EACH = 2_000;
const TYPED = 350;
/** Older lines are let go of: the page stays quick in a log of days. */
const MOST_LINES = 20_000;
const IN_A_BLOCK = 250;

interface Log {
  head: Found | null;
  lines: readonly LogLine[];
  dropped: boolean;
  error: Error | null;
}

const NOTHING: Log = { head: null, lines: [], dropped: false, error: null };

/** Read a log from its beginning, and on from there until it has ended. */
function useLog(path: string, query: string, following: boolean): Log {
  const [log, setLog] = useState<Log>(NOTHING);
  const at = useRef<{ key: string; next: string | null; ended: boolean }>({ key: "", next: null, ended: false });
  useEffect(() => {
    const key = `${path}?${query}`;
    if (at.current.key !== key) {
      at.current = { key, next: null, ended: false };
      setLog(NOTHING);
    }
    const end = new AbortController();
    let timer = 0;
    const load = async (): Promise<void> => {
      const { next } = at.current;
      let came = 0;
      if (!document.hidden || next === null) {
        try {
          const asked = new URLSearchParams(query);
          if (next !== null) asked.set("after", next);
          const found = await read<Found>(`${path}?${asked.toString()}`, end.signal);
          came = found.lines.length;
          at.current = { key, next: found.next, ended: found.ended };
          setLog((last) => grown(last, found));
        } catch (error) {
          if (end.signal.aborted) return;
          setLog((last) => ({ ...last, error: error as Error }));
        }
      }
      if (at.current.ended && came === 0) return;
      if (following || came > 0) timer = setTimeout(load, came > 0 ? 0 : FOLLOWED_EACH);
    };
    if (!at.current.ended) void load();
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [path, query, following]);
  return log;
}

function grown(last: Log, found: Found): Log {
  const all = found.lines.length > 0 ? last.lines.concat(found.lines) : last.lines;
  const over = all.length > MOST_LINES;
  return { head: found, lines: over ? all.slice(-MOST_LINES) : all, dropped: last.dropped || over, error: null };
}

/** Return the step whose log is shown when the address names none: what runs, or else what ended last. Where something failed, the server finds it. */
function firstRead({ graph, run }: RunDetail): string | undefined {
  if (run.failed_step || graph.nodes.some((node) => node.state === "FAILED" || node.counts.failed > 0)) return undefined;
  const runs = graph.nodes.find((node) => node.state === "RUNNING" || node.state === "STARTING");
  const begun = graph.nodes.filter((node) => !node.own && node.seconds !== null);
  return (runs ?? begun.at(-1) ?? graph.nodes[0])?.name;
}

export function Logs({ detail }: { detail: RunDetail }) {
  const { query } = address.value;
  const names = ["step", "child", "generation", "attempt", "search"] as const;
  const [first] = useState(() => firstRead(detail)); // It stays while one reads, whatever runs next.
  const asking: Readonly<Record<string, string | undefined>> = { ...query, step: query["step"] ?? first };
  const asked = names.flatMap((name) => (asking[name] ? [[name, asking[name]] as [string, string]] : []));
  const [following, follow] = useState(true);
  const log = useLog(`/api/runs/${encodeURIComponent(detail.run.run_id)}/logs`, new URLSearchParams(asked).toString(), following);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log.lines, following]);
  const scrolled = (): void => {
    const at = box.current;
    if (at) follow(at.scrollHeight - at.scrollTop - at.clientHeight < 30);
  };
  return (
    <>
      <Pickers detail={detail} head={log.head} step={asking["step"]} following={following} follow={follow} />
      {log.error && <Failure error={log.error} />}
      {log.head?.note && <p class="muted">{log.head.note}</p>}
      <div class="log" ref={box} tabIndex={0} role="log" aria-label="Lines of the log" onScroll={scrolled}>
        {log.dropped && <p class="muted">Older lines were let go of.</p>}
        {log.lines.length === 0 && log.head && <Empty>{query["search"] ? "No line has that." : "No line yet."}</Empty>}
        <Lines lines={log.lines} search={query["search"] ?? ""} attempts={log.head?.attempts ?? 1} />
      </div>
      <p class="muted">
        {log.head === null ? (log.error ? "" : "Reading …") : log.head.ended ? "The log has ended." : following ? "Following." : "Not following."}
      </p>
    </>
  );
}

function Lines({ lines, search, attempts }: { lines: readonly LogLine[]; search: string; attempts: number }) {
  const blocks: LogLine[][] = [];
  for (let at = 0; at < lines.length; at += IN_A_BLOCK) blocks.push(lines.slice(at, at + IN_A_BLOCK) as LogLine[]);
  return (
    <>
      {blocks.map((block, index) => (
        <div key={index} class="block">
          {block.map((line, at) => (
            <p key={at}>
              <span class="muted">
                {line.at.slice(11, 19)}
                {attempts > 1 && ` #${line.attempt}`}
              </span>{" "}
              <Found text={line.text} search={search} />
            </p>
          ))}
        </div>
      ))}
    </>
  );
}

function Found({ text, search }: { text: string; search: string }) {
  const at = search === "" ? -1 : text.toLowerCase().indexOf(search.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + search.length)}</mark>
      {text.slice(at + search.length)}
    </>
  );
}

function Pickers(props: { detail: RunDetail; head: Found | null; step: string | undefined; following: boolean; follow: (on: boolean) => void }) {
  const { query } = address.value;
  const { head, detail } = props;
  const step = props.step ?? head?.step ?? "";
  const node = detail.graph.nodes.find((one) => one.name === step);
  const child = query["child"] ?? (head?.child === null || head?.child === undefined ? "" : String(head.child));
  const numbers = (most: number, from: number) => Array.from({ length: Math.max(0, most) }, (_, index) => String(index + from));
  return (
    <div class="toolbar">
      <Picker label="Step" value={step} options={detail.graph.nodes.map((one) => one.name)} pick={(value) => ask({ step: value, child: null, generation: null, attempt: null })} />
      {node && node.children > 1 && (
        <label>
          Child{" "}
          <Typed type="number" min={0} max={node.children - 1} value={child} take={(value) => ask({ step, child: value, attempt: null })} />
        </label>
      )}
      {head && head.generations > 1 && (
        <Picker label="Generation" value={query["generation"] ?? String(head.generation)} options={numbers(head.generations, 0)} pick={(value) => ask({ generation: value, attempt: null })} />
      )}
      {head && head.attempts > 1 && (
        <Picker label="Attempt" value={query["attempt"] ?? ""} options={["", ...numbers(head.attempts, 1)]} pick={(value) => ask({ attempt: value })} />
      )}
      <label class="grow">
        Search{" "}
        <Typed type="search" value={query["search"] ?? ""} after={TYPED} take={(value) => ask({ search: value })} />
      </label>
      <label>
        <input type="checkbox" checked={props.following} onChange={(event) => props.follow(event.currentTarget.checked)} /> Follow
      </label>
    </div>
  );
}

function Picker(props: { label: string; value: string; options: readonly string[]; pick: (value: string) => void }) {
  return (
    <label>
      {props.label}{" "}
      <select value={props.value} onChange={(event) => props.pick(event.currentTarget.value)}>
        {(props.options.includes(props.value) ? props.options : [props.value, ...props.options]).map((one) => (
          <option key={one} value={one}>
            {one === "" ? "all" : one}
          </option>
        ))}
      </select>
    </label>
  );
}
