/** A check of the doctor: what it asks of an instance, and what it finds. */
import type { SignedIn } from "../../worker/http/sign-in.ts";
import type { Health } from "../../worker/reports/health.ts";
import { MAIN } from "../../worker/store/shards.ts";
import type { Answer } from "./ask.ts";

export type Verdict = "ok" | "warning" | "wrong" | "left out";

export type Finding = {
  verdict: Verdict;
  /** The finding, in one sentence or two. */
  says: string;
  /** How to correct it; every warning and every fault has it. */
  mend?: string;
};

/** The address of an instance, and how to ask it. */
export type Place = {
  /** Without a slash at the end. */
  url: string;
  /** Whether it is an instance that `npm start` runs on this machine. */
  local: boolean;
  /** The doctor's key; undefined where there is none. */
  key: string | undefined;
  ask(path: string, headers?: Record<string, string>): Promise<Answer>;
};

/** An instance that answers. */
export type Patient = Place & {
  /** The first answer of /health. */
  health: Answer & { body: Health };
  /** The id of the test event that the checks follow through the instance. */
  event_id: string;
  /** What earlier checks have found out, for later ones. */
  known: {
    /** The owner and role of the key; absent where there is no key, or where it is not valid. */
    principal?: SignedIn;
    /** When the pixel was sent and answered, where it was accepted; epoch milliseconds of this machine. */
    accepted?: { asked_at: number; answered_at: number };
    /** When it was received, by the clock of the instance, where the log has it; epoch milliseconds. */
    logged?: { received_at: number };
  };
};

export type Check = {
  name: string;
  /** The question that the check answers, as the list shows it. */
  asks: string;
  /** The lowest role that its requests need, and whether the key must be for all projects. Absent: no key is needed. */
  needs?: { role: "viewer" | "analyst" | "admin"; everywhere?: true };
  look(patient: Patient): Promise<Finding>;
};

export const ok = (says: string): Finding => ({ verdict: "ok", says });
export const warning = (says: string, mend: string): Finding => ({ verdict: "warning", says, mend });
export const wrong = (says: string, mend: string): Finding => ({ verdict: "wrong", says, mend });
export const leftOut = (says: string): Finding => ({ verdict: "left out", says });

/**
 * The instance's databases: `main`, and the shards beside it. `asked` is what a request about it has in its query, and `named` what
 * a sentence about it begins with: both empty where there is one database.
 */
export type Shard = { name: string; asked: string; named: string };

export function shardsOf({ health }: Patient): Shard[] {
  const others = Object.keys(health.body.shards ?? {});
  if (others.length === 0) return [{ name: MAIN, asked: "", named: "" }];
  return [MAIN, ...others].map((name) => ({ name, asked: `shard=${name}`, named: `Shard ${name}: ` }));
}

/** The worst of the findings about single databases, with what each of these says; `well` where all are ok. */
export function worstOf(findings: readonly Finding[], well: (says: readonly string[]) => string): Finding {
  const worst = (["wrong", "warning"] as const).find((verdict) => findings.some((one) => one.verdict === verdict));
  if (!worst) return ok(well(findings.map(({ says }) => says)));
  const bad = findings.filter(({ verdict }) => verdict === "wrong" || verdict === "warning");
  return {
    verdict: worst,
    says: bad.map(({ says }) => says).join(" "),
    mend: [...new Set(bad.map(({ mend }) => mend))].join(" "),
  };
}

/** The project whose events the doctor sends and reads. */
export function projectOf({ known: { principal } }: Patient): string {
  const ids = principal?.projects.map(({ project_id }) => project_id) ?? [];
  return ids.length === 0 || ids.includes("default") ? "default" : (ids[0] as string);
}

/** Where to find the errors that no answer contains. */
export const logsOf = ({ local }: Place): string =>
  local ? "the output of `npm start`" : "`npm run wrangler -- tail`";
