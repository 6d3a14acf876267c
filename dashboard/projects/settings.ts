/** Converts between a project's settings and a form, and finds the changed ones. Pure. */
import type { ProjectView } from "../../worker/admin/projects.ts";
import { type Filled, linesOf } from "../act/form.tsx";
import { words } from "../words.ts";

/** The days of retention by class; docs/retention.md has the rules between them. */
export const RETENTION = {
  events_days: words.common.eventsInTheLog,
  figures_days: words.projects.figuresByDay,
  archive_days: words.common.eventsInTheArchive,
  purchases_days: words.projects.amountsInTheArchive,
} as const;
export type Retained = keyof typeof RETENTION;
export const RETAINED = Object.keys(RETENTION) as Retained[];

export type Settings = Omit<ProjectView, "project_id" | "pixel_secret" | "settled_before" | "created_at" | "shard">;

/** An empty field is left out, which means no limit. The server reports values that are no numbers. */
export const settingsIn = (filled: Filled): Settings => ({
  name: filled.name ?? "",
  timezone: filled.timezone?.trim() ?? "",
  currency: filled.currency?.trim().toUpperCase() ?? "",
  ngr_deduction_percent: percentIn(filled.ngr_deduction_percent),
  attribution_days: Number(filled.attribution_days),
  allowed_origins: linesOf(filled.allowed_origins),
  require_signature: filled.require_signature === "on",
  respect_privacy_signals: filled.respect_privacy_signals === "on",
  bot_rules: botRulesIn(filled),
  retention: Object.fromEntries(
    RETAINED.flatMap((name) => {
      const days = filled[`retention.${name}`];
      return days ? [[name, Number(days)]] : [];
    }),
  ),
});

/** A value that is no number is sent as one out of range, so that the server reports it; null would mean that none is set. */
function percentIn(text = ""): number | null {
  if (text.trim() === "") return null;
  const percent = Number(text.replace(",", "."));
  return Number.isNaN(percent) ? -1 : percent;
}

function botRulesIn(filled: Filled): Settings["bot_rules"] {
  // A user agent may have a comma in it.
  const agents = (name: string) => linesOf(filled[`bot_rules.${name}`], /\n/);
  const user_agents = agents("user_agents");
  const allowed_user_agents = agents("allowed_user_agents");
  return {
    ...(user_agents.length > 0 && { user_agents }),
    ...(allowed_user_agents.length > 0 && { allowed_user_agents }),
    ...(filled.data_centres !== "on" && { data_centres: false }),
  };
}

/** Only the differences, so that the audit log shows what was changed. */
export function changesOf(before: Settings, after: Settings): Partial<Settings> {
  const textOf = (value: unknown) => JSON.stringify(value, sortedKeys);
  const changed = (name: string) => textOf(before[name as keyof Settings]) !== textOf(after[name as keyof Settings]);
  return Object.fromEntries(Object.entries(after).filter(([name]) => changed(name)));
}

const sortedKeys = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
