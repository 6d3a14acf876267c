import { CRON_RECORDED_EVERY_MS } from "../../worker/duties/last-cron.ts";
import { type Check, logsOf, ok, warning, wrong } from "./check.ts";

/** Cron runs each minute, and its last run is recorded every few minutes. */
const LATE_MS = CRON_RECORDED_EVERY_MS + 5 * 60_000;

export const cron: Check = {
  name: "cron",
  asks: "Does what goes on by itself go on?",
  async look(patient) {
    const { last_cron, failing_duties: ofMain, shards = {} } = patient.health.body;
    const failing_duties = [
      ...ofMain,
      ...Object.entries(shards).flatMap(([shard, { failing_duties: all }]) =>
        all.map(({ name, since }) => ({ name: `${name} of the shard ${shard}`, since })),
      ),
    ];
    const mend = patient.local
      ? "`npm start` calls it each minute: stop it and run it again."
      : "`npm run deploy` sets its schedule again; the free plan allows five schedules in an account.";
    if (last_cron === null)
      return warning(
        "Cron has not run yet.",
        `A new instance's first run comes within two minutes. If it does not: ${mend}`,
      );
    const ago = patient.health.answered_at - Date.parse(last_cron);
    if (ago > LATE_MS)
      return wrong(
        `Cron last ran ${Math.round(ago / 60_000)} minutes ago: archive, exchange rates, retention and kept reports stand still.`,
        mend,
      );
    if (failing_duties.length > 0)
      return wrong(
        `These duties fail: ${failing_duties.map(({ name, since }) => `${name} since ${since}`).join(", ")}.`,
        `They are tried again by themselves. The line \`duty failed\` in ${logsOf(patient)} has the error.`,
      );
    return ok("Cron runs, and no duty fails.");
  },
};
