/** Reads a JSON Schema as the fields of a form. Pure. */

export type Kind = "text" | "choice" | "number" | "integer" | "flag" | "list" | "group" | "json" | "date" | "datetime-local" | "time";

export interface Field {
  name: string;
  kind: Kind;
  title: string;
  description: string | null;
  required: boolean;
  choices: readonly unknown[];
  fields: readonly Field[];
  /** Of the members of a list. */
  of: Kind;
  least: number | null;
  most: number | null;
  pattern: string | null;
  initial: unknown;
}

type Schema = Readonly<Record<string, unknown>>;

const FORMATS: Readonly<Record<string, Kind>> = { date: "date", "date-time": "datetime-local", time: "time" };
const SCALARS: Readonly<Record<string, Kind>> = { string: "text", number: "number", integer: "integer", boolean: "flag" };

/** Return the fields of a schema of an object; null where a form cannot say what it says. */
export function fieldsOf(schema: Schema | null): readonly Field[] | null {
  if (schema === null || !isObject(schema["properties"])) return null;
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  return Object.entries(schema["properties"]).map(([name, one]) => fieldOf(name, isObject(one) ? one : {}, required.has(name)));
}

function fieldOf(name: string, schema: Schema, required: boolean): Field {
  const kind = kindOf(schema);
  const items = isObject(schema["items"]) ? schema["items"] : {};
  return {
    name,
    kind,
    title: text(schema["title"]) ?? name,
    description: text(schema["description"]),
    required,
    choices: Array.isArray(schema["enum"]) ? schema["enum"] : [],
    fields: kind === "group" ? (fieldsOf(schema) ?? []) : [],
    of: kindOf(items),
    least: number(schema["minimum"]) ?? number(schema["minLength"]),
    most: number(schema["maximum"]) ?? number(schema["maxLength"]),
    pattern: text(schema["pattern"]),
    initial: schema["default"],
  };
}

function kindOf(schema: Schema): Kind {
  if (Array.isArray(schema["enum"])) return "choice";
  const type = schema["type"];
  if (type === "string") return FORMATS[text(schema["format"]) ?? ""] ?? "text";
  if (type === "object") return isObject(schema["properties"]) ? "group" : "json";
  if (type === "array") {
    const of = isObject(schema["items"]) ? SCALARS[String(schema["items"]["type"])] : undefined;
    return of !== undefined && of !== "flag" ? "list" : "json";
  }
  return SCALARS[String(type)] ?? "json";
}

/** Return what a form begins with: the given values over the schema's own. */
export function initialOf(fields: readonly Field[], given: unknown): Record<string, unknown> {
  const known: Record<string, unknown> = isObject(given) ? { ...given } : {};
  for (const field of fields) {
    if (field.kind === "group") known[field.name] = initialOf(field.fields, known[field.name]);
    else if (known[field.name] === undefined && field.initial !== undefined) known[field.name] = field.initial;
    else if (known[field.name] === undefined && field.kind === "flag" && field.required) known[field.name] = false;
  }
  return known;
}

/** Return a form's values as the input of a run: empty texts are left out, and so are groups of nothing. */
export function inputOf(fields: readonly Field[], values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found: Record<string, unknown> = { ...values };
  for (const field of fields) {
    const value = found[field.name];
    if (field.kind === "group" && isObject(value)) {
      const inner = inputOf(field.fields, value);
      if (Object.keys(inner).length > 0 || field.required) found[field.name] = inner;
      else delete found[field.name];
    } else if (value === "" || value === undefined) delete found[field.name];
  }
  return found;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
