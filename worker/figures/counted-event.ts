/** An event with what figures are counted from; both forms of the log give it. */
import type { LoggedRow } from "../log-columns.ts";

export const COUNTED_COLUMNS = [
  "project_id",
  "event_id",
  "event_type",
  "player_id",
  "visitor_id",
  "banner_tag",
  "app_id",
  "platform",
  "timestamp",
  "received_at",
  "event_date",
  "event_hour",
  "amount",
  "currency",
  "country",
  "device",
  "bot",
  "test",
  "trusted",
] as const satisfies readonly (keyof LoggedRow)[];

/** `duplicate_of` is the event that counts instead, as far as was known on arrival. */
export type CountedEvent = Pick<LoggedRow, (typeof COUNTED_COLUMNS)[number] | "duplicate_of">;

export type Numbered = { seq: number; event: CountedEvent };

/** The events of one project in one run. */
export type ProjectLog = {
  project_id: string;
  events: Numbered[];
  /** Events that no longer count, by the log at the end of the run: earlier events, and some of these. */
  superseded: Numbered[];
};

/** Groups events by project. */
export class ProjectLogs {
  readonly #projects = new Map<string, ProjectLog>();

  logOf({ project_id }: CountedEvent): ProjectLog {
    const known = this.#projects.get(project_id);
    if (known) return known;
    const made: ProjectLog = { project_id, events: [], superseded: [] };
    this.#projects.set(project_id, made);
    return made;
  }

  all(): ProjectLog[] {
    return [...this.#projects.values()];
  }
}
