/** The content of a message, the same for all channels: plain data, from which each kind of channel makes its request. */

export const NOTICE_KINDS = ["opened", "ended", "report"] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export type Message = {
  /** `test` is a test of an alert or report; it is not stored. */
  kind: NoticeKind | "test";
  /** Names the incident, or the report of a period. Subject and kind together identify a message. */
  subject: string;
  project_id: string;
  title: string;
  /** Sentences, one for each line. */
  lines: string[];
  /** The page of this instance that shows it. */
  link: string;
  /** Epoch milliseconds. */
  at: number;
  /** Further fields that only a webhook gets. */
  details: Record<string, unknown>;
  /** Only of a report: its page, its table, and the address by which a reader unsubscribes. */
  report?: { html: string; csv: { name: string; text: string }; unsubscribe: string | null };
};

export const textOf = ({ title, lines, link }: Pick<Message, "title" | "lines" | "link">): string =>
  [title, ...lines, link].join("\n");
