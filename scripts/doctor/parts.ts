/** The services that the instance needs, as /health reports them. */
import type { Health } from "../../worker/reports/health.ts";
import { type Check, logsOf, ok, type Patient, shardsOf, worstOf, wrong } from "./check.ts";

type Part = Exclude<keyof Health["dependencies"], "exchange_rates">;

const durableObject = (patient: Patient) =>
  `Look for the line \`part failing\` in ${logsOf(patient)}. ${patient.local ? "Then start it again." : "Then deploy again: `npm run deploy`."}`;

const PARTS: Readonly<Record<Part, { is: string; mend(patient: Patient): string }>> = {
  database: {
    is: "the database (D1)",
    mend: (patient) =>
      patient.local
        ? "Stop it and run `npm start` again, which applies the migrations that are missing. The line `part failing` in its output has the error. Where a table is gone, docs/restore.md brings the data back."
        : "Run `npm run deploy` again, which applies the migrations that are missing. The line `part failing` in `npm run wrangler -- tail` has the error. Where a table is gone, docs/restore.md brings the data back.",
  },
  live: { is: "the live counters (a Durable Object)", mend: durableObject },
  runner: { is: "what runs the duties (a Durable Object)", mend: durableObject },
  intake: {
    is: "what gathers events before the queue (a Durable Object), or the queue takes nothing of it",
    mend: (patient) =>
      `Look for the lines \`part failing\` and \`queue away\` in ${logsOf(patient)}. Events that were taken wait and go on by themselves; where the day's queue operations are used up, after midnight UTC.`,
  },
  archive: {
    is: "the archive's bucket (R2)",
    mend: (patient) =>
      patient.local
        ? "Stop it and run `npm start` again. The line `part failing` in its output has the error."
        : "See with `npm run wrangler -- r2 bucket list` whether R2 is on in the account and has the bucket; `npm run deploy` makes it where it is missing.",
  },
};

export const parts: Check = {
  name: "parts",
  asks: "Do the services that it stands on answer it?",
  async look(patient) {
    const { body } = patient.health;
    const findings = shardsOf(patient).map(({ name: shard, named }) => {
      const dependencies: Partial<Health["dependencies"]> = (body.shards?.[shard] ?? body).dependencies;
      const failing = (Object.keys(PARTS) as Part[]).filter((name) => dependencies[name] === "failing");
      if (failing.length === 0) return ok("");
      return wrong(
        `${named}It gets no good answer from ${failing.map((name) => PARTS[name].is).join(", ")}.`,
        [...new Set(failing.map((name) => PARTS[name].mend(patient)))].join(" "),
      );
    });
    return worstOf(
      findings,
      ({ length }) => `${length === 1 ? "Database" : `${length} databases`}, Durable Objects and bucket answer it.`,
    );
  },
};
