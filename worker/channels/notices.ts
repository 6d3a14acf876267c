/** Messages to send, a row for each channel. They are made in the same transaction as what they report, so only once. */
import { type SQL, sql } from "drizzle-orm";
import type { Message, NoticeKind } from "./message.ts";

/** Makes the message for these channels where `holds` is true in the same transaction. */
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

/** For how many days messages are kept after they were sent. */
export const KEPT_DAYS = 90;
