/** The reports and the live figures, in the document. */
import * as z from "zod";
import { botsQuery } from "../reports/bots.ts";
import { campaignsQuery } from "../reports/campaigns.ts";
import { funnelQuery } from "../reports/funnel.ts";
import { metricsQuery } from "../reports/metrics.ts";
import { playerQuery } from "../reports/players.ts";
import { realtimeQuery } from "../reports/realtime.ts";
import { bots, campaigns, funnel, liveMessage, metrics, playerProfile, snapshot } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const table = (description: string, schema: z.ZodType) => ({
  200: { description, content: { ...json(schema), "text/csv": z.string() } },
});

export const reportOperations: Operation[] = [
  {
    id: "getMetrics",
    tag: "Reports",
    method: "get",
    path: "/api/v1/metrics",
    summary: "Counts by day or hour and type",
    role: "viewer",
    query: metricsQuery,
    answers: table("A row for each day and type that something happened.", metrics),
  },
  {
    id: "getFunnel",
    tag: "Reports",
    method: "get",
    path: "/api/v1/funnel",
    summary: "Visit → registration → first deposit → repeat deposit",
    description: "Over all history; a step counts only behind the one before it.",
    role: "viewer",
    query: funnelQuery,
    answers: table("The steps, and with `group_by=banner_tag` those of each tag.", funnel),
  },
  {
    id: "getCampaigns",
    tag: "Reports",
    method: "get",
    path: "/api/v1/campaigns",
    summary: "A row for each banner tag, and a total",
    role: "viewer",
    query: campaignsQuery,
    answers: table("What each tag brought in the period.", campaigns),
  },
  {
    id: "getBots",
    tag: "Reports",
    method: "get",
    path: "/api/v1/bots",
    summary: "What bots sent, by day and reason",
    description: "Kept in the log, flagged, and in no other figure.",
    role: "viewer",
    query: botsQuery,
    answers: table("A row for each day and reason.", bots),
  },
  {
    id: "getPlayer",
    tag: "Reports",
    method: "get",
    path: "/api/v1/players/{player_id}",
    summary: "One player: milestones and tags",
    role: "analyst",
    query: playerQuery,
    examples: { player_id: "player-42" },
    answers: table("What is known of the player.", playerProfile),
    problems: [404],
  },
  {
    id: "getRealtime",
    tag: "Live",
    method: "get",
    path: "/api/v1/realtime",
    summary: "The last 1, 5 and 60 minutes, and today",
    role: "viewer",
    query: realtimeQuery,
    answers: { 200: { description: "By type, with the top tags, countries and devices.", content: json(snapshot) } },
  },
  {
    id: "listen",
    tag: "Live",
    method: "get",
    path: "/api/v1/live",
    summary: "The same, pushed over a WebSocket",
    description:
      "Sends a `snapshot` on connecting and whenever you send anything, then `counts` and `events` as they come. " +
      "Closes with the code 4000 after 15 minutes: connect again.",
    role: "viewer",
    query: realtimeQuery,
    answers: { 101: { description: "The connection becomes a WebSocket." } },
    problems: [426],
    messages: liveMessage,
  },
];
