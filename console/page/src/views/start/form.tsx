/** The fields of a JSON Schema as a form. */
import { useId, useState } from "preact/hooks";
import { escapedJson, revealed, written } from "../../written.ts";
import { type Field, isObject } from "./schema.ts";

export type Values = Readonly<Record<string, unknown>>;

export function Fields({ fields, values, change }: { fields: readonly Field[]; values: Values; change: (values: Values) => void }) {
  return (
    <>
      {fields.map((field) => (
        <OneField key={field.name} field={field} value={values[field.name]} change={(value) => change({ ...values, [field.name]: value })} />
      ))}
    </>
  );
}

interface Props {
  field: Field;
  value: unknown;
  change: (value: unknown) => void;
}

function OneField({ field, value, change }: Props) {
  const id = useId();
  if (field.kind === "group") {
    return (
      <fieldset>
        <legend>{field.title}</legend>
        {field.description && <p class="muted">{field.description}</p>}
        <Fields fields={field.fields} values={isObject(value) ? value : {}} change={change} />
      </fieldset>
    );
  }
  return (
    <div class="field">
      <label for={id}>
        {field.title}
        {field.required && <span class="muted"> required</span>}
      </label>
      <Entry id={id} field={field} value={value} change={change} />
      <Hidden text={Array.isArray(value) ? value.join("\n") : value} />
      {field.description && (
        <p class="muted" id={`${id}-about`}>
          {field.description}
        </p>
      )}
    </div>
  );
}

/** What a text has that one does not see, or that reorders it: a field shows it as it would be read. */
function Hidden({ text }: { text: unknown }) {
  const found = typeof text === "string" ? revealed(text) : null;
  return (
    <p class="hidden-text" role="status">
      {found !== null && (
        <>
          It has hidden characters: <code>{found}</code>
        </>
      )}
    </p>
  );
}

/** A field for JSON, in which what hides or reorders text is escaped as it is written. */
export function JsonArea({ id, rows, text, write, ...more }: JsonProps) {
  const take = (area: HTMLTextAreaElement): void => {
    const shown = escapedJson(area.value);
    if (shown !== area.value) {
      const caret = escapedJson(area.value.slice(0, area.selectionStart)).length;
      area.value = shown;
      area.setSelectionRange(caret, caret);
    }
    write(area);
  };
  return <textarea id={id} class="mono" rows={rows} value={text} onInput={(event) => take(event.currentTarget)} {...more} />;
}

interface JsonProps {
  id: string;
  rows: number;
  text: string;
  write: (area: HTMLTextAreaElement) => void;
  required?: boolean;
  placeholder?: string;
}

function Entry({ id, field, value, change }: Props & { id: string }) {
  const about = field.description ? { "aria-describedby": `${id}-about` } : {};
  switch (field.kind) {
    case "flag":
      return <input id={id} type="checkbox" checked={value === true} onChange={(event) => change(event.currentTarget.checked)} {...about} />;
    case "choice":
      return (
        <select id={id} required={field.required} value={JSON.stringify(value) ?? ""} onChange={(event) => change(chosen(event.currentTarget.value))} {...about}>
          <option value="">choose</option>
          {field.choices.map((one) => (
            <option key={String(one)} value={JSON.stringify(one)}>
              {String(one)}
            </option>
          ))}
        </select>
      );
    case "number":
    case "integer":
      return (
        <input
          id={id}
          type="number"
          required={field.required}
          step={field.kind === "integer" ? 1 : "any"}
          {...bounds(field, "min", "max")}
          value={typeof value === "number" ? value : ""}
          onInput={(event) => change(event.currentTarget.value === "" ? undefined : event.currentTarget.valueAsNumber)}
          {...about}
        />
      );
    case "list":
    case "json":
      return <Written id={id} field={field} value={value} change={change} />;
    default:
      return (
        <input
          id={id}
          type={field.kind as "text"}
          required={field.required}
          {...(field.kind === "text" && field.pattern ? { pattern: anywhere(field.pattern) } : {})}
          {...bounds(field, "minLength", "maxLength")}
          value={shown(field, value)}
          onInput={(event) => change(sent(field, event.currentTarget.value))}
          {...about}
        />
      );
  }
}

const chosen = (text: string): unknown => (text === "" ? undefined : JSON.parse(text));

/** JSON Schema's patterns match anywhere, an input's the whole. */
const anywhere = (pattern: string): string => `.*(?:${pattern}).*`;

function bounds(field: Field, least: string, most: string): Record<string, number> {
  return { ...(field.least === null ? {} : { [least]: field.least }), ...(field.most === null ? {} : { [most]: field.most }) };
}

function shown(field: Field, value: unknown): string {
  const text = value === undefined || value === null ? "" : String(value);
  return field.kind === "datetime-local" ? text.slice(0, 16) : text;
}

function sent(field: Field, text: string): unknown {
  return field.kind === "datetime-local" && text !== "" ? `${text}:00Z` : text;
}

/** A value that is written as text: a list, a line for each, or JSON. */
function Written({ id, field, value, change }: Props & { id: string }) {
  const isList = field.kind === "list";
  const [text, write] = useState(isList ? (Array.isArray(value) ? value.join("\n") : "") : value === undefined ? "" : written(value));
  const take = (area: HTMLTextAreaElement): void => {
    write(area.value);
    try {
      change(isList ? lines(field, area.value) : area.value.trim() === "" ? undefined : JSON.parse(area.value));
      area.setCustomValidity("");
    } catch {
      area.setCustomValidity(isList ? "Each line must be a number." : "This is no JSON.");
    }
  };
  if (!isList) return <JsonArea id={id} rows={3} required={field.required} placeholder="JSON" text={text} write={take} />;
  return <textarea id={id} rows={3} class="mono" required={field.required} placeholder="one a line" value={text} onInput={(event) => take(event.currentTarget)} />;
}

function lines(field: Field, text: string): unknown {
  const found = text.split("\n").filter((line) => line.trim() !== "");
  if (field.of !== "number" && field.of !== "integer") return found;
  const numbers = found.map(Number);
  if (numbers.some(Number.isNaN)) throw new TypeError("no number");
  return numbers;
}
