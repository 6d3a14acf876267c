/** What is to be sent to channels, a row a message: made in the transaction of what it tells, so that it is made once. */
import { type SQL, sql } from "drizzle-orm";
import type { Message, NoticeKind } from "./message.ts";

/** Made for these channels where `holds`, which is read in the same transaction. */
export const makeNotices = (
  message: Message & { kind: NoticeKind },
  channels: SQL,
  holds: SQL,
  now: number,
  due_at: number,
): SQL => sql`
  INSERT INTO notices (channel_id, subject, kind, project_id, message, status, tries, made_at, due_at)
  SELECT c.id, ${message.subject}, ${message.kind}, ${message.project_id}, ${JSON.stringify(message)}, 'waiting', 0, ${now},
    CAST(${due_at} AS INTEGER)
  FROM (${channels}) c WHERE ${holds}
  ON CONFLICT (channel_id, subject, kind) DO NOTHING`;

/** For how long what was sent is kept. */
export const KEPT_DAYS = 90;
