/** Narrows reports about people by the country, device, app and platform of each person's first event, as cohorts do. */

import { type SQL, sql } from "drizzle-orm";
import { askedFilters, type TagQuery, type Who } from "../http/tag-filter.ts";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { FIELDS, type Field, type FieldQuery } from "./field-filter.ts";
import { fieldsIn } from "./narrowing.ts";

/** One of these values of each field that is named. */
export type FirstEvent = { [Name in Field]?: string[] };

/** The fields of a query and its saved segment. */
export async function firstEventOf(db: Database, who: Who, query: TagQuery & FieldQuery): Promise<FirstEvent> {
  return fieldsIn(await askedFilters(db, who, query), query);
}

/** Restricts rows of `players`, which are called `people`. */
export const onlyFirstEvent = (people: string, first: FirstEvent): SQL =>
  sql.join(
    FIELDS.map((field) => {
      const values = first[field];
      return values === undefined ? sql`` : sql`AND ${sql.raw(`${people}.first_${field}`)} ${among(values)}`;
    }),
    sql` `,
  );
