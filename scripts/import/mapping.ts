/** Maps the names in a file to the fields of an event. */
import { ALIASES, importedEvent } from "../../worker/event.ts";
import { columnOf, type Pairs, valueAt } from "./path.ts";
import { PRESETS, presetFor } from "./presets.ts";
import { type Where, whereOf } from "./where.ts";

export type Mapping = {
  /** A field and its columns; the first column with a value in the line counts. */
  columns: readonly (readonly [field: string, ...columns: string[]])[];
  /** A field and its value for lines without one. */
  constants: readonly (readonly [field: string, value: string])[];
  /** The words of the file for event types. */
  types: ReadonlyMap<string, string>;
  where: Where;
};
export const NO_MAPPING: Mapping = { columns: [], constants: [], types: new Map(), where: new Map() };

type Given = { map: string[]; set: string[]; type?: string | undefined } & Partial<{
  typeOf: string[];
  where: string[];
  preset: string | undefined;
}>;

function fieldAnd(option: string, given: string): [string, string] {
  const [, name = "", value = ""] = /^([^=]+)=(.+)$/s.exec(given) ?? [];
  const field = ALIASES[name] ?? name;
  if (!Object.hasOwn(importedEvent.shape, field))
    throw new Error(
      `${option} ${given}: write field=${option === "--map" ? "column" : "value"}, with one of ${Object.keys(importedEvent.shape).join(", ")}`,
    );
  return [field, value];
}

function typeAndWord(given: string): [string, string] {
  const at = given.lastIndexOf("=");
  const [word, type] = [given.slice(0, at), given.slice(at + 1)];
  if (at < 1 || !importedEvent.shape.event_type.safeParse(type).success)
    throw new Error(`--type-of ${given}: write the file's word=event_type, such as --type-of sale=deposit`);
  return [word, type];
}

export function mappingOf({ map, set, type, typeOf = [], where = [], preset }: Given): Mapping {
  const columns = map.map((one) => fieldAnd("--map", one));
  const constants = set.map((one) => fieldAnd("--set", one));
  for (const [option, list] of [
    ["--map", columns],
    ["--set", constants],
  ] as const) {
    const twice = list.find(([field], index) => list.findIndex(([other]) => other === field) !== index);
    if (twice) throw new Error(`${option} names ${twice[0]} twice`);
  }
  const given = {
    columns,
    constants: type === undefined ? constants : [...constants, ["event_type", type] as const],
    types: new Map(typeOf.map(typeAndWord)),
    where: whereOf(where),
  };
  const base = preset === undefined ? undefined : PRESETS[preset];
  if (!base) return given;
  const other = <Entry extends readonly [string, ...string[]]>(theirs: readonly Entry[], mine: readonly Entry[]) =>
    theirs.filter(([field]) => !mine.some(([taken]) => taken === field));
  return {
    columns: [...other(base.columns, given.columns), ...given.columns],
    constants: [...other(base.constants ?? [], given.constants), ...given.constants],
    types: new Map([...(base.types ?? []), ...given.types]),
    // The conditions of the command line replace those of the preset.
    where: where.length > 0 ? given.where : whereOf(base.where ?? [], true),
  };
}

/** MySQL writes `\\N` for NULL. */
const isGiven = (value: unknown) => value !== undefined && value !== null && value !== "" && value !== "\\N";

/** In a format without objects, an object is the text of its JSON. */
function parsed(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

/** In lines where a mapped column has a value, it replaces a column with the name of the field. */
export function mapped(
  pairs: readonly [string, unknown][],
  { columns, constants, types }: Mapping,
): [string, unknown][] {
  const given = pairs.filter(([, value]) => isGiven(value));
  const record: Pairs = new Map(given);
  const moved = columns.flatMap(([field, ...from]) =>
    from
      .map((path) => valueAt(record, path))
      .filter(isGiven)
      .slice(0, 1)
      .map((value): [string, unknown] => [field, value]),
  );
  const taken = new Set(columns.flatMap(([, ...from]) => from));
  const replaced = new Set(moved.map(([field]) => field));
  const fields = [...given.filter(([name]) => !taken.has(name) && !replaced.has(ALIASES[name] ?? name)), ...moved];
  const has = (field: string) => fields.some(([name]) => (ALIASES[name] ?? name) === field);
  // The constant currency applies only to lines with an amount.
  const missing = constants.filter(([field]) => !has(field) && (field !== "currency" || has("amount")));
  return [...fields, ...missing].map(([name, value]) => [
    name,
    name === "data" ? parsed(value) : name === "event_type" ? (types.get(String(value)) ?? value) : value,
  ]);
}

/** @throws where the mapping does not fit the header: a wrong name would lose a field of every line, for good. */
export function checkColumns(columns: readonly string[], mapping: Mapping, expected: readonly string[]): void {
  const there = new Set(columns);
  const list = columns.map((column) => JSON.stringify(column)).join(", ");
  const absent = expected.find((path) => columnOf(there, path) === undefined);
  if (absent !== undefined) throw new Error(`There is no column ${JSON.stringify(absent)}. The header has ${list}.`);
  const isField = (name: string) => Object.hasOwn(importedEvent.shape, ALIASES[name] ?? name);
  const used = mapping.columns.flatMap(([, ...from]) => from).some((path) => columnOf(there, path) !== undefined);
  const preset = presetFor(there);
  if (used || columns.some(isField)) return;
  const hint = preset
    ? `It looks like ${PRESETS[preset]?.title}: try --preset ${preset}.`
    : "Name the columns: --map player_id=COLUMN --map timestamp=COLUMN …";
  throw new Error(`No column has the name of a field, and none is mapped. ${hint} The header has ${list}.`);
}
