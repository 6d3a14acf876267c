/** A pixel's parameters as the fields of its event: what the live pixels and old access logs have in common. */

/** The path says the type; a parameter may say it again, and no other. `sig` is about the request, not about the event. */
export const fieldsOf = (event_type: string, sent: Iterable<[string, unknown]>): [string, unknown][] => [
  ["event_type", event_type],
  ...[...sent].filter(([name, value]) => name !== "sig" && !(name === "event_type" && value === event_type)),
];
