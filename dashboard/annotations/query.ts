import type { AnnotationView } from "../../worker/admin/annotations.ts";
import type { Principal } from "../../worker/http/principal.ts";
import { client } from "../api.ts";
import type { Bucket, Period } from "../period.ts";
import { query } from "../reports.ts";
import type { Scope } from "../scope.ts";

/** They are of the whole project, and written for the team. */
export const seesNotes = ({ banner_tags, share_id }: Principal): boolean =>
  banner_tags === null && share_id === undefined;

/** What was noted on days of the period. */
export const annotations = ({ address: { project_id } }: Scope, { from, to }: Period) =>
  query("annotations", { project_id, from, to }, (asked, options) =>
    client.annotations.$get({ query: asked }, options),
  );

/** What was noted on each bucket's days, which are those up to the next one. Pure. */
export function notesOf(notes: readonly AnnotationView[], buckets: readonly Bucket[], last: string): string[][] {
  return buckets.map(({ event_date: from }, index) => {
    const next = buckets.slice(index + 1).find(({ event_date }) => event_date > from)?.event_date;
    return notes
      .filter((note) => note.from <= last && note.to >= from && (next === undefined || note.from < next))
      .map(({ text }) => text);
  });
}
