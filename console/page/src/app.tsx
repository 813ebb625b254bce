/** The page around each view: where one can go, who one is, and how it looks. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { address, follow, path } from "./address.ts";
import { me, signOut, unknown } from "./me.ts";
import { Failure } from "./parts/notice.tsx";
import { switchTheme, theme } from "./theme.ts";
import { Alerts } from "./views/alerts.tsx";
import { Compare } from "./views/compare.tsx";
import { Doctor } from "./views/doctor.tsx";
import { PipelineMap } from "./views/map.tsx";
import { Overview } from "./views/overview.tsx";
import { Queues } from "./views/queues.tsx";
import { Run } from "./views/run/run.tsx";
import { Runs } from "./views/runs.tsx";
import { Start } from "./views/start/start.tsx";
import { Trends } from "./views/trends.tsx";
import { Uploads } from "./views/uploads.tsx";

const PLACES: readonly (readonly [string, string, string])[] = [
  ["", "Now", "M2 9h3l2-5 3 9 2-4h2"],
  ["runs", "Runs", "M3 4h10M3 8h10M3 12h10"],
  ["start", "Start", "M5 3l8 5-8 5z"],
  ["map", "Map", "M2 6h4v4H2zM10 2h4v4h-4zM10 10h4v4h-4zM6 8h2V4h2M8 8v4h2"],
  ["trends", "Trends", "M3 13V9M7 13V5M11 13V7"],
  ["uploads", "Uploads", "M8 11V3M5 6l3-3 3 3M3 13h10"],
  ["queues", "Queues", "M3 3h10v4H3zM3 10h6v3H3z"],
  ["alerts", "Alerts", "M4 11V7a4 4 0 0 1 8 0v4zM7 13h2"],
  ["doctor", "Doctor", "M8 3v10M3 8h10"],
];
const VIEWS: Readonly<Record<string, () => JSX.Element>> = {
  runs: () => (path.value[1] === undefined ? <Runs /> : <Run key={path.value[1]} runId={path.value[1]} />),
  start: () => <Start />,
  map: () => <PipelineMap />,
  compare: () => <Compare />,
  trends: () => <Trends />,
  uploads: () => <Uploads />,
  queues: () => <Queues />,
  alerts: () => <Alerts />,
  doctor: () => <Doctor />,
};

export function App() {
  const content = useRef<HTMLElement>(null);
  const [place = "", name = ""] = path.value;
  useEffect(() => {
    document.addEventListener("click", follow);
    return () => document.removeEventListener("click", follow);
  }, []);
  const first = useRef(true);
  useEffect(() => {
    // Readers of the screen hear of another view; the first one they hear of anyway.
    if (!first.current) content.current?.focus({ preventScroll: true });
    first.current = false;
    document.title = [name, place || "now", me.value?.where ?? "Sluice"].filter((part) => part !== "").join(" · ");
  }, [place, name, me.value]);
  const view = VIEWS[place];
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <header class="bar">
        <a class="brand" href="/">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M1 4h4v8h6V4h4" />
          </svg>
          Sluice
        </a>
        <nav aria-label="Views">
          {PLACES.map(([to, word, icon]) => (
            <a key={to} href={`/${to}`} aria-current={to === place ? "page" : undefined}>
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d={icon} />
              </svg>
              <span>{word}</span>
            </a>
          ))}
        </nav>
        <Person />
      </header>
      <main id="content" ref={content} tabIndex={-1}>
        {unknown.value && <Failure error={unknown.value} />}
        {place === "" ? <Overview /> : view ? view() : <Nowhere />}
      </main>
    </>
  );
}

function Person() {
  const dark = theme.value === "dark";
  return (
    <div class="person">
      {me.value && (
        <p>
          <span class="muted where" title={me.value.where}>
            {me.value.where}
          </span>
          <span class="who" title={me.value.roles.join(", ")}>
            {me.value.name}
          </span>
        </p>
      )}
      <button type="button" class="icon" aria-label={dark ? "Light colours" : "Dark colours"} onClick={switchTheme}>
        {dark ? "☀" : "☾"}
      </button>
      {me.value?.deployed && (
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      )}
    </div>
  );
}

function Nowhere() {
  return (
    <>
      <h1>Nothing is here</h1>
      <p>
        There is no view at <code>/{address.value.path.join("/")}</code>. <a href="/">What runs now</a>
      </p>
    </>
  );
}
