/** Every metric of `GET /metrics`, by the conventions of Prometheus. */

export type Family = {
  type: "counter" | "gauge" | "histogram";
  help: string;
};

export const FAMILIES = {
  edgepixel_up: { type: "gauge", help: "Whether a part of these metrics could be read (1) or is missing here (0)." },
  edgepixel_events_accepted_total: {
    type: "counter",
    help: "Events in the log by what became of them when they were taken: counted, test, duplicate, bot.",
  },
  edgepixel_events_rejected_total: { type: "counter", help: "Events refused, by the door they came to." },
  edgepixel_rejection_reasons_total: {
    type: "counter",
    help: "Reasons for which events were refused; one event can have several.",
  },
  edgepixel_rejections_unread_projects: {
    type: "gauge",
    help: "Projects whose rejections are not in this answer: ask for them by project_id.",
  },
  edgepixel_dead_letters: { type: "gauge", help: "Dead letters by status." },
  edgepixel_dead_letters_total: { type: "counter", help: "Events that ever became dead letters." },
  edgepixel_postback_targets: {
    type: "gauge",
    help: "Targets of postbacks by state: active, warning (ten tries failed one after the other), paused.",
  },
  edgepixel_network_postbacks_waiting: {
    type: "gauge",
    help: "Postbacks of networks that are not counted yet: most wait for their click, or for what they decide about.",
  },
  edgepixel_alerts: {
    type: "gauge",
    help: "Alerts by state: quiet, open (what it watches for is so), failing (it cannot be judged), paused.",
  },
  edgepixel_notices: {
    type: "gauge",
    help: "Messages of alerts and reports that wait for a try, and that were given up in the last 90 days.",
  },
  edgepixel_projection_lag_events: { type: "gauge", help: "Events of the log that a projection has not taken yet." },
  edgepixel_projection_lag_seconds: { type: "gauge", help: "Age of the oldest of those." },
  edgepixel_projection_behind: {
    type: "gauge",
    help: "Whether events wait for a projection longer than it lets them gather.",
  },
  edgepixel_duties_failing: { type: "gauge", help: "Duties whose last run failed: /health names them." },
  edgepixel_projection_failing: { type: "gauge", help: "Whether a projection's last step failed." },
  edgepixel_queue_batches_total: { type: "counter", help: "Batches that the queue delivered and the log took." },
  edgepixel_queue_messages_total: { type: "counter", help: "Messages in them." },
  edgepixel_queue_events_total: { type: "counter", help: "Events in those." },
  edgepixel_queue_duplicates_total: { type: "counter", help: "Events among them that the log had already." },
  edgepixel_queue_retries_total: {
    type: "counter",
    help: "Batches that the log could not take and the queue sends again.",
  },
  edgepixel_intake_events: { type: "gauge", help: "Events that are durable and wait to go into the queue." },
  edgepixel_intake_refused: { type: "gauge", help: "Whether the queue takes none of them." },
  edgepixel_http_requests_total: { type: "counter", help: "Requests by route class and class of status." },
  edgepixel_http_request_duration_seconds: { type: "histogram", help: "Time until the answer, by route class." },
} as const satisfies Record<string, Family>;
export type FamilyName = keyof typeof FAMILIES;

export type Sample = {
  family: FamilyName;
  /** What follows the family's name: for a histogram `_bucket`, `_sum` or `_count`. */
  suffix?: string;
  labels: Record<string, string>;
  value: number;
};

const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

/** The text that Prometheus reads, version 0.0.4: the samples of each family together, after its HELP and TYPE. */
export function expose(samples: readonly Sample[]): string {
  const lines: string[] = [];
  for (const [name, { type, help }] of Object.entries<Family>(FAMILIES)) {
    const familySamples = samples.filter(({ family }) => family === name);
    if (familySamples.length === 0) continue;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { suffix = "", labels, value } of familySamples) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      lines.push(`${name}${suffix}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
