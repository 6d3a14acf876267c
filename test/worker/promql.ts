/** As much of Prometheus as the alerts of the docs need: their rules, and what those say of a series of scrapes. */

export type Scrape = { at: number; samples: Map<string, number> };
export type Rule = { alert: string; expr: string; for: number };

/** The rules of a file, by the lines that decide when they fire. */
export function rulesOf(yaml: string): Rule[] {
  return yaml
    .split(/^ *- alert: /m)
    .slice(1)
    .map((text) => {
      const of = (name: string) => new RegExp(`^ *${name}: (.+)$`, "m").exec(text)?.[1];
      const expr = of("expr");
      if (!expr) throw new Error(`An alert without an expression: ${text}`);
      return { alert: text.split("\n")[0] as string, expr, for: milliseconds(of("for") ?? "0s") };
    });
}

/** The rules that fire at some scrape: what they ask for has held at each one for as long as they wait. */
export function fired(rules: readonly Rule[], scrapes: readonly Scrape[]): string[] {
  const fires = (rule: Rule) => {
    let since: number | null = null;
    return scrapes.some(({ at }, index) => {
      const holds = evaluate(rule.expr, scrapes.slice(0, index + 1)).size > 0;
      since = holds ? (since ?? at) : null;
      return since !== null && at - since >= rule.for;
    });
  };
  return rules.filter(fires).map(({ alert }) => alert);
}

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };
function milliseconds(text: string): number {
  const [, count, unit = ""] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`Not a duration: ${text}`);
  return Number(count) * (UNITS[unit] as number);
}

/** Values by their labels. A number has no labels, and is told apart by its flag. */
type Vector = Map<string, number> & { scalar?: true };

const OPERATORS: Record<string, { keeps: boolean; of(a: number, b: number): number | boolean }> = {
  "+": { keeps: true, of: (a, b) => a + b },
  "*": { keeps: true, of: (a, b) => a * b },
  ">": { keeps: false, of: (a, b) => a > b },
  "==": { keeps: false, of: (a, b) => a === b },
};
const AGGREGATES: Record<string, (values: number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};
/** By how tightly they bind, the loosest first. */
const BINDING = [[">", "=="], ["+"], ["*"]];

function combine(name: string, left: Vector, right: Vector): Vector {
  const operator = OPERATORS[name] as (typeof OPERATORS)[string];
  const result: Vector = new Map();
  if (left.scalar && right.scalar) result.scalar = true;
  const [some, other] = left.scalar ? [right, left] : [left, right];
  for (const labels of some.keys()) {
    const [a, b] = [left.get(left.scalar ? "" : labels), right.get(right.scalar ? "" : labels)];
    if (a === undefined || b === undefined || other === undefined) continue;
    const value = operator.of(a, b);
    if (typeof value === "number") result.set(labels, value);
    else if (value) result.set(labels, a);
  }
  return result;
}

/** What an expression is at the last scrape. */
export function evaluate(expr: string, scrapes: readonly Scrape[]): Vector {
  const tokens = expr.match(/\d+(?:\.\d+)?[smh]?|[a-z_]+(?:\{[^}]*\})?|==|[-+*/<>()[\]]|\S+/g) ?? [];
  const take = (wanted: string) => {
    const token = tokens.shift();
    if (token !== wanted) throw new Error(`${wanted} is expected before ${tokens.join(" ")}, not ${token}: ${expr}`);
  };
  const inParentheses = (): Vector => {
    take("(");
    const value = binary(0);
    take(")");
    return value;
  };
  const primary = (): Vector => {
    if (tokens[0] === "(") return inParentheses();
    const token = tokens.shift() ?? "";
    if (/^\d/.test(token)) return Object.assign(new Map([["", Number(token)]]), { scalar: true as const });
    const aggregate = AGGREGATES[token];
    if (aggregate) {
      const values = [...inParentheses().values()];
      return new Map(values.length === 0 ? [] : [["", aggregate(values)]]);
    }
    if (token === "absent") return new Map(inParentheses().size === 0 ? [["", 1]] : []);
    if (token !== "rate") return select(token, scrapes.at(-1));
    take("(");
    const selector = tokens.shift() ?? "";
    take("[");
    const range = milliseconds(tokens.shift() ?? "");
    take("]");
    take(")");
    return rate(selector, range, scrapes);
  };
  const binary = (level: number): Vector => {
    const operators = BINDING[level];
    if (!operators) return primary();
    let left = binary(level + 1);
    while (operators.includes(tokens[0] ?? "")) left = combine(tokens.shift() ?? "", left, binary(level + 1));
    return left;
  };
  const value = binary(0);
  if (tokens.length > 0) throw new Error(`Not understood from ${tokens.join(" ")}: ${expr}`);
  return value;
}

/** The samples of a selector such as `name{label="value",other=~"a|b"}`, by their labels. */
function select(selector: string, scrape: Scrape | undefined): Vector {
  const [, name, conditions = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(selector) ?? [];
  if (name === undefined) throw new Error(`Not a selector: ${selector}`);
  const wanted = [...conditions.matchAll(/(\w+)(=~?)"([^"]*)"/g)].map(
    ([, label, operator, value]) =>
      new RegExp(`[{,]${label}="${operator === "=~" ? `(?:${value})` : RegExp.escape(value as string)}"[,}]`),
  );
  const samples = [...(scrape?.samples ?? [])].flatMap(([series, value]): [string, number][] => {
    const labels = series.slice(name.length);
    const own = series.startsWith(name) && (labels === "" || labels.startsWith("{"));
    return own && wanted.every((pattern) => pattern.test(labels)) ? [[labels, value]] : [];
  });
  return new Map(samples);
}

/** How much a counter grows in a second; one that falls has begun at 0 again. */
function rate(selector: string, range: number, scrapes: readonly Scrape[]): Vector {
  const end = scrapes.at(-1)?.at ?? 0;
  const seen = scrapes.filter(({ at }) => at >= end - range).map((scrape) => select(selector, scrape));
  if (seen.length < 2) return new Map();
  const series = new Set(seen.flatMap((vector) => [...vector.keys()]));
  return new Map(
    [...series].map((labels) => {
      const values = seen.flatMap((vector) => vector.get(labels) ?? []);
      const steps = values.slice(1).map((value, index) => {
        const before = values[index] as number;
        return value < before ? value : value - before;
      });
      return [labels, steps.reduce((sum, step) => sum + step, 0) / (range / 1_000)];
    }),
  );
}
