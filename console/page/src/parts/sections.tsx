/** Parts of a view that the server adds: rows with a state, progress, a time or a countdown, an address, a button. */
import type { Row, Section } from "../api/contract.ts";
import { count } from "../words.ts";
import { RowButton } from "./row_button.tsx";
import { State } from "./state.tsx";
import { Since } from "./times.tsx";

export function Sections({ sections }: { sections: readonly Section[] }) {
  return (
    <>
      {sections.map((one) => (
        <section key={one.id} class="card">
          <h2>{one.title}</h2>
          {one.note && <p class="muted">{one.note}</p>}
          <ul class="rows">
            {one.rows.map((row, index) => (
              <li key={index}>
                {row.state && <State state={row.state} bare />}
                <span class="told">{row.href ? <a href={row.href}>{row.text}</a> : row.text}</span>
                <span class="muted end">
                  <Progress row={row} />
                  <Since at={row.until ?? row.since} />
                </span>
                {row.button && <RowButton button={row.button} about={row.text} />}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** How far something is: a bar, and the same in numbers for who does not see it. */
function Progress({ row }: { row: Row }) {
  if (row.done === null || row.total === null) return null;
  const said = `${count(row.done)} of ${count(row.total)}`;
  return <progress class="of-row" max={row.total} value={row.done} aria-label={`${said}: ${row.text}`} title={said} />;
}
