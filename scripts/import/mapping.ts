/** From a file's own names to the fields of an event. */
import { ALIASES, importedEvent } from "../../worker/event.ts";

export type Mapping = {
  /** Field and the column that it comes from. */
  columns: [string, string][];
  /** Field and the value that it has where a line has none. */
  constants: [string, string][];
};

function fieldAnd(option: string, given: string): [string, string] {
  const [, name = "", value = ""] = /^([^=]+)=(.+)$/s.exec(given) ?? [];
  const field = ALIASES[name] ?? name;
  if (!Object.hasOwn(importedEvent.shape, field))
    throw new Error(
      `${option} ${given}: write field=${option === "--map" ? "column" : "value"}, with one of ${Object.keys(importedEvent.shape).join(", ")}`,
    );
  return [field, value];
}

export function mappingOf(given: { map: string[]; set: string[]; type: string | undefined }): Mapping {
  const columns = given.map.map((one) => fieldAnd("--map", one));
  const constants = given.set.map((one) => fieldAnd("--set", one));
  for (const [option, list] of [
    ["--map", columns],
    ["--set", constants],
  ] as const) {
    const twice = list.find(([field], index) => list.findIndex(([other]) => other === field) !== index);
    if (twice) throw new Error(`${option} names ${twice[0]} twice`);
  }
  return { columns, constants: given.type === undefined ? constants : [...constants, ["event_type", given.type]] };
}

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== "";

/** Where a format has no objects, one comes as the text of its JSON. */
function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

/** A mapped column takes the place of one that has the field's own name, in the lines that have it. */
export function mapped(pairs: readonly [string, unknown][], { columns, constants }: Mapping): [string, unknown][] {
  const given = pairs.filter(([, value]) => isGiven(value));
  const moved = columns.flatMap(([field, column]) =>
    given.filter(([name]) => name === column).map(([, value]): [string, unknown] => [field, value]),
  );
  const taken = new Set(columns.map(([, column]) => column));
  const replaced = new Set(moved.map(([field]) => field));
  const fields = [...given.filter(([name]) => !taken.has(name) && !replaced.has(ALIASES[name] ?? name)), ...moved];
  const has = (field: string) => fields.some(([name]) => (ALIASES[name] ?? name) === field);
  // A currency alone is none: it belongs to an amount.
  const missing = constants.filter(([field]) => !has(field) && (field !== "currency" || has("amount")));
  return [...fields, ...missing].map(([name, value]) => [name, name === "data" ? parsed(value) : value]);
}
