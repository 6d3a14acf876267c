/** What a message says, whichever channel it goes to: plain data, from which each kind of channel makes its request. */

export const NOTICE_KINDS = ["opened", "ended", "report"] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export type Message = {
  /** `test` is a try of an alert or report, of which nothing is kept. */
  kind: NoticeKind | "test";
  /** The incident, or the report of a period: with the kind it is the same for the same message. */
  subject: string;
  project_id: string;
  title: string;
  /** Sentences, a line each. */
  lines: string[];
  /** Where to look, at this instance. */
  link: string;
  /** Epoch milliseconds. */
  at: number;
  /** What a webhook gets beside these. */
  details: Record<string, unknown>;
  /** Of a report: the page for a reader, its table, and where the reader ends it. */
  report?: { html: string; csv: { name: string; text: string }; unsubscribe: string | null };
};

export const textOf = ({ title, lines, link }: Pick<Message, "title" | "lines" | "link">): string =>
  [title, ...lines, link].join("\n");
