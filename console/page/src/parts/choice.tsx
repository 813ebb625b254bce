/** One of a few words, kept in the address. */
import { ask } from "../address.ts";

export function Choice(props: { name: string; label: string; value: string; options: readonly string[] }) {
  return (
    <div class="choice" role="group" aria-label={props.label}>
      <span class="muted">{props.label}</span>
      {props.options.map((one) => (
        <button key={one} type="button" aria-pressed={one === props.value} onClick={() => ask({ [props.name]: one })}>
          {one}
        </button>
      ))}
    </div>
  );
}
