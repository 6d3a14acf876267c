/**
 * Whether a schema accepts all that another one accepts. Where that cannot be seen from the two, it is taken not to:
 * what passes here is safe, and some safe changes do not pass.
 *
 * A value that several schemas at once have accepted is what is known before each step, so `before` is a list.
 */
import { accepts } from "./validation.ts";
import { below, canonical, type Fault, type Places, type Rules, type Schema, type Type } from "./vocabulary.ts";

/** A number is whole or it is not: with these, each value has one kind. */
type Kind = Exclude<Type, "number"> | "fraction";
const KINDS: readonly Kind[] = ["null", "boolean", "integer", "fraction", "string", "array", "object"];
const KIND_NAMES: Readonly<Record<Kind, string>> = {
  null: "null",
  boolean: "true and false",
  integer: "whole numbers",
  fraction: "numbers that are not whole",
  string: "text",
  array: "lists",
  object: "objects",
};

/** Comparisons branch where schemas have alternatives; this many are enough for any that a person wrote. */
const MOST_STEPS = 2_000;
const MOST_FAULTS = 20;

/** The places in `after` that refuse, or may refuse, what `before` accepts. None: it is compatible. */
export function incompatibilities(before: Schema, after: Schema, places: Places): Fault[] {
  const known = conjunction([before]);
  if (known === null) return [];
  const found = new Comparison(places).narrowings(known, after, "#");
  const seen = new Set<string>();
  return found.filter(({ pointer }) => !seen.has(pointer) && seen.add(pointer)).slice(0, MOST_FAULTS);
}

/** All that hold where these hold; null where nothing can. */
function conjunction(schemas: readonly Schema[]): Rules[] | null {
  const all: Rules[] = [];
  for (const schema of schemas) {
    if (schema === true) continue;
    if (schema === false) return null;
    const { allOf = [], ...own } = schema;
    const inner = conjunction(allOf);
    if (inner === null) return null;
    all.push(own, ...inner);
  }
  return kindsOf(all).size === 0 ? null : all;
}

function kindsOf(all: readonly Rules[]): Set<Kind> {
  return all.reduce((kinds, { type }) => {
    if (type === undefined) return kinds;
    const own = type.flatMap((one): Kind[] => (one === "number" ? ["integer", "fraction"] : [one]));
    return kinds.intersection(new Set(own));
  }, new Set(KINDS));
}

/** The values that are accepted, where they can be counted. */
function valuesOf(all: readonly Rules[]): unknown[] | null {
  const kinds = kindsOf(all);
  const few = kinds.isSubsetOf(new Set<Kind>(["null", "boolean"])) ? [null, true, false] : undefined;
  const candidates = all.find((rules) => rules.enum !== undefined)?.enum ?? few;
  return candidates?.filter((value) => accepts({ allOf: [...all] }, value)) ?? null;
}

const most = (numbers: (number | undefined)[]): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...numbers.filter((number) => number !== undefined));
const least = (numbers: (number | undefined)[]): number =>
  Math.min(Number.POSITIVE_INFINITY, ...numbers.filter((number) => number !== undefined));

/** What applies to a property of this name. */
function ofProperty(rules: Rules, name: string): Schema[] {
  const own = rules.properties && Object.hasOwn(rules.properties, name) ? [rules.properties[name] as Schema] : [];
  const matching = Object.entries(rules.patternProperties ?? {}).flatMap(([pattern, schema]) =>
    accepts({ pattern }, name) ? [schema] : [],
  );
  const named = [...own, ...matching];
  return named.length > 0 ? named : rules.additionalProperties === undefined ? [] : [rules.additionalProperties];
}

const ofItem = (rules: Rules, index: number): Schema => rules.prefixItems?.[index] ?? rules.items ?? true;

class Comparison {
  #steps = 0;
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  /** Whether `after` accepts whatever all of `before` accept. */
  #covers(before: readonly Schema[], after: Schema): boolean {
    const all = conjunction(before);
    return all === null || this.narrowings(all, after, "").length === 0;
  }

  narrowings(before: Rules[], after: Schema, at: string): Fault[] {
    if (after === true) return [];
    if (after === false) return [{ pointer: at, message: "nothing is accepted any more" }];
    const here = this.#places.get(after) ?? at;
    if (++this.#steps > MOST_STEPS) return [{ pointer: here, message: "is too involved to be compared" }];
    const values = valuesOf(before);
    if (values !== null) {
      const lost = values.filter((value) => !accepts(after, value));
      if (lost.length === 0) return [];
      const pointer = after.enum === undefined ? here : below(here, "enum");
      const which = lost.map((value) => JSON.stringify(value)).join(", ");
      return [{ pointer, message: `no longer accepts ${which.slice(0, 200)}` }];
    }
    const faults = this.#direct(before, after, here);
    if (faults.length === 0) return faults;
    // Each of the alternatives that were there may be covered by itself.
    for (const [index, rules] of before.entries()) {
      for (const keyword of ["anyOf", "oneOf"] as const) {
        const branches = rules[keyword];
        if (branches === undefined) continue;
        const { [keyword]: _, ...rest } = rules;
        const others = before.with(index, rest);
        if (branches.every((branch) => this.#covers([...others, branch], after))) return [];
      }
    }
    return faults;
  }

  #direct(before: Rules[], after: Rules, here: string): Fault[] {
    const faults: Fault[] = [];
    const kinds = kindsOf(before);
    const need = (holds: boolean, keyword: string, message: string) => {
      if (!holds) faults.push({ pointer: below(here, keyword), message });
    };

    const lost = kinds.difference(kindsOf([after]));
    need(lost.size === 0, "type", `no longer accepts ${[...lost].map((kind) => KIND_NAMES[kind]).join(", ")}`);
    need(after.enum === undefined, "enum", "accepts these values only, and there were others");

    if (kinds.has("integer") || kinds.has("fraction")) this.#numbers(before, after, need);
    if (kinds.has("string")) {
      this.#counts(before, after, "minLength", "maxLength", 0, need);
      for (const keyword of ["pattern", "format"] as const)
        need(
          after[keyword] === undefined || before.some((rules) => rules[keyword] === after[keyword]),
          keyword,
          "was added or is another",
        );
    }
    if (kinds.has("array")) faults.push(...this.#lists(before, after, here, need));
    if (kinds.has("object")) faults.push(...this.#objects(before, after, here, need));
    faults.push(...this.#combinations(before, after, here, kinds, need));
    return faults;
  }

  #counts(
    before: Rules[],
    after: Rules,
    from: "minLength" | "minItems" | "minProperties",
    to: "maxLength" | "maxItems" | "maxProperties",
    implied: number,
    need: Need,
  ): void {
    const lowest = Math.max(implied, most(before.map((rules) => rules[from])));
    const highest = least(before.map((rules) => rules[to]));
    need((after[from] ?? 0) <= lowest, from, `was raised from ${lowest}`);
    need((after[to] ?? Number.POSITIVE_INFINITY) >= highest, to, `was lowered from ${highest}`);
  }

  #numbers(before: Rules[], after: Rules, need: Need): void {
    const lowest = most(before.flatMap((rules) => [rules.minimum, rules.exclusiveMinimum]));
    const highest = least(before.flatMap((rules) => [rules.maximum, rules.exclusiveMaximum]));
    const without = {
      lowest: before.some((rules) => rules.exclusiveMinimum === lowest),
      highest: before.some((rules) => rules.exclusiveMaximum === highest),
    };
    const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = after;
    need(minimum === undefined || minimum <= lowest, "minimum", `was raised from ${lowest}`);
    need(
      exclusiveMinimum === undefined || exclusiveMinimum < lowest || (exclusiveMinimum === lowest && without.lowest),
      "exclusiveMinimum",
      `was raised from ${lowest}`,
    );
    need(maximum === undefined || maximum >= highest, "maximum", `was lowered from ${highest}`);
    need(
      exclusiveMaximum === undefined || exclusiveMaximum > highest || (exclusiveMaximum === highest && without.highest),
      "exclusiveMaximum",
      `was lowered from ${highest}`,
    );
    need(
      multipleOf === undefined ||
        before.some((rules) => rules.multipleOf !== undefined && accepts({ multipleOf }, rules.multipleOf)) ||
        (!kindsOf(before).has("fraction") && accepts({ multipleOf }, 1)),
      "multipleOf",
      "does not divide the one before",
    );
  }

  #lists(before: Rules[], after: Rules, here: string, need: Need): Fault[] {
    const faults: Fault[] = [];
    this.#counts(before, after, "minItems", "maxItems", 0, need);
    const longest = least(before.map((rules) => rules.maxItems));
    const known = most([...before, after].map((rules) => rules.prefixItems?.length ?? 0));
    // One step beyond those with a place of their own stands for all that follow.
    for (let index = 0; index <= known && index < longest; index++) {
      const item = conjunction(before.map((rules) => ofItem(rules, index)));
      const own = after.prefixItems?.[index] !== undefined;
      if (item !== null)
        faults.push(
          ...this.narrowings(
            item,
            ofItem(after, index),
            own ? below(below(here, "prefixItems"), index) : below(here, "items"),
          ),
        );
    }
    need(
      !after.uniqueItems || longest <= 1 || before.some((rules) => rules.uniqueItems),
      "uniqueItems",
      "lists with the same item twice were accepted",
    );
    const { contains, minContains = 1, maxContains } = after;
    if (contains !== undefined) {
      const holds = before.some(
        (rules) =>
          rules.contains !== undefined &&
          (maxContains === undefined
            ? (rules.minContains ?? 1) >= minContains && this.#covers([rules.contains], contains)
            : (rules.minContains ?? 1) >= minContains &&
              (rules.maxContains ?? Number.POSITIVE_INFINITY) <= maxContains &&
              canonical(rules.contains) === canonical(contains)),
      );
      need(holds || (minContains === 0 && maxContains === undefined), "contains", "was added or asks for more");
    }
    return faults;
  }

  #objects(before: Rules[], after: Rules, here: string, need: Need): Fault[] {
    const faults: Fault[] = [];
    const required = new Set(before.flatMap((rules) => rules.required ?? []));
    for (const [index, name] of (after.required ?? []).entries())
      if (!required.has(name))
        faults.push({ pointer: below(below(here, "required"), index), message: `${name} was not required` });
    this.#counts(before, after, "minProperties", "maxProperties", required.size, need);

    const names = new Set([...before, after].flatMap((rules) => Object.keys(rules.properties ?? {})));
    for (const name of names) {
      const value = conjunction(before.flatMap((rules) => ofProperty(rules, name)));
      if (value === null) continue;
      for (const schema of ofProperty(after, name)) {
        const at = below(below(here, "properties"), name);
        if (schema === false) faults.push({ pointer: at, message: `${name} was accepted and is no longer` });
        else faults.push(...this.narrowings(value, schema, at));
      }
    }

    const patterns = after.patternProperties ?? {};
    /** By one of the schemas before at least, each way in which such a name was accepted is covered. */
    const covered = (sure: Schema[], ways: (rules: Rules) => Schema[], schema: Schema) =>
      this.#covers(sure, schema) ||
      before.some((rules) => ways(rules).every((way) => this.#covers([...sure, way], schema)));
    for (const [pattern, schema] of Object.entries(patterns)) {
      const sure = before.flatMap(({ patternProperties }) =>
        patternProperties && Object.hasOwn(patternProperties, pattern) ? [patternProperties[pattern] as Schema] : [],
      );
      const ways = (rules: Rules) => [
        rules.additionalProperties ?? true,
        ...Object.values(rules.patternProperties ?? {}),
      ];
      if (!covered(sure, ways, schema))
        faults.push({
          pointer: below(below(here, "patternProperties"), pattern),
          message: "may refuse what keys of such names could hold",
        });
    }
    const { additionalProperties = true } = after;
    if (additionalProperties !== true) {
      const ways = (rules: Rules) => [
        rules.additionalProperties ?? true,
        ...Object.entries(rules.patternProperties ?? {}).flatMap(([pattern, schema]) =>
          Object.hasOwn(patterns, pattern) ? [] : [schema],
        ),
      ];
      need(
        covered([], ways, additionalProperties),
        "additionalProperties",
        "other keys were accepted, or more in them",
      );
    }
    const { propertyNames } = after;
    if (propertyNames !== undefined) {
      const known = [{ type: ["string"] } satisfies Rules, ...before.map((rules) => rules.propertyNames ?? true)];
      need(this.#covers(known, propertyNames), "propertyNames", "other names were accepted");
    }
    for (const [name, others] of Object.entries(after.dependentRequired ?? {}))
      for (const other of others) {
        const was =
          required.has(other) ||
          name === other ||
          before.some(
            ({ dependentRequired = {} }) =>
              Object.hasOwn(dependentRequired, name) && dependentRequired[name]?.includes(other),
          );
        if (!was)
          faults.push({
            pointer: below(below(here, "dependentRequired"), name),
            message: `${other} was not required beside ${name}`,
          });
      }
    for (const [name, schema] of Object.entries(after.dependentSchemas ?? {})) {
      const own = before.flatMap(({ dependentSchemas }) =>
        dependentSchemas && Object.hasOwn(dependentSchemas, name) ? [dependentSchemas[name] as Schema] : [],
      );
      const all = conjunction([...before, ...own]);
      if (all !== null) faults.push(...this.narrowings(all, schema, below(below(here, "dependentSchemas"), name)));
    }
    return faults;
  }

  #combinations(before: Rules[], after: Rules, here: string, kinds: Set<Kind>, need: Need): Fault[] {
    const faults = (after.allOf ?? []).flatMap((schema, index) =>
      this.narrowings(before, schema, below(below(here, "allOf"), index)),
    );
    const { anyOf, oneOf, not } = after;
    if (anyOf !== undefined) {
      const some = (known: Schema[]) => anyOf.some((branch) => this.#covers(known, branch));
      const types = [...kinds].map((kind): Type => (kind === "fraction" ? "number" : kind));
      const each = new Set(kinds.has("fraction") ? types.filter((type) => type !== "integer") : types);
      need(
        some(before) || (each.size > 1 && [...each].every((type) => some([...before, { type: [type] }]))),
        "anyOf",
        "the alternatives do not cover what was accepted",
      );
    }
    if (oneOf !== undefined) {
      const same = (rules: Rules) => canonical(rules.oneOf) === canonical(oneOf);
      const alone = oneOf.length === 1 && this.#covers(before, oneOf[0] as Schema);
      need(alone || before.some(same), "oneOf", "was added or is another; alternatives can be added to anyOf only");
    }
    if (not !== undefined) {
      const excluded = conjunction([not]);
      const apart = excluded !== null && kinds.isDisjointFrom(kindsOf(excluded));
      const holds =
        excluded === null || apart || before.some((rules) => rules.not !== undefined && this.#covers([not], rules.not));
      need(holds, "not", "was added or excludes more");
    }
    if (after.if !== undefined && (after.then !== undefined || after.else !== undefined)) {
      const condition = canonical(after.if);
      const same = before.filter((rules) => rules.if !== undefined && canonical(rules.if) === condition);
      need(
        this.#covers([...before, after.if, ...same.map((rules) => rules.then ?? true)], after.then ?? true) &&
          this.#covers([...before, ...same.map((rules) => rules.else ?? true)], after.else ?? true),
        "if",
        "the condition was added, is another or asks for more",
      );
    }
    return faults;
  }
}

type Need = (holds: boolean, keyword: string, message: string) => void;
