import type { AnnotationView } from "../../worker/admin/annotations.ts";
import type { Principal } from "../../worker/http/principal.ts";
import { client } from "../api.ts";
import type { Bucket, Period } from "../period.ts";
import { query } from "../reports.ts";
import type { Scope } from "../scope.ts";

/** Notes are about the whole project and for its team: keys of some tags and share links see none. */
export const seesNotes = ({ banner_tags, share_id }: Principal): boolean =>
  banner_tags === null && share_id === undefined;

/** The notes on days of the period. */
export const annotations = ({ address: { project_id } }: Scope, { from, to }: Period) =>
  query("annotations", { project_id, from, to }, (asked, options) =>
    client.annotations.$get({ query: asked }, options),
  );

/** The notes of each bucket: those on the days from its first one up to the next bucket. Pure. */
export function notesOf(notes: readonly AnnotationView[], buckets: readonly Bucket[], last: string): string[][] {
  return buckets.map(({ event_date: from }, index) => {
    const next = buckets.slice(index + 1).find(({ event_date }) => event_date > from)?.event_date;
    return notes
      .filter((note) => note.from <= last && note.to >= from && (next === undefined || note.from < next))
      .map(({ text }) => text);
  });
}
