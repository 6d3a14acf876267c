/** A pixel's query as the fields of its event: what the live pixels and old access logs have in common. */

/** The path says the type; the query may say it again, and no other. `sig` is about the query, not about the event. */
export const fieldsOf = (event_type: string, query: URLSearchParams): [string, string][] => [
  ["event_type", event_type],
  ...[...query].filter(([name, value]) => name !== "sig" && !(name === "event_type" && value === event_type)),
];
