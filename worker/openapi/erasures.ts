/** Erasure and export of a player, in the document. */
import * as z from "zod";
import { erasureQuery, erasuresQuery } from "../admin/erasures.ts";
import { exportQuery } from "../admin/player-export.ts";
import { type Found, STORES } from "../erasure/job.ts";
import type { PublicKey, SignedReceipt } from "../erasure/receipt.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { paged } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const found = Object.fromEntries(STORES.map((store) => [store, whole])) as { [Store in keyof Found]: typeof whole };
const receipt = z
  .object({
    id: text,
    project_id: text,
    subject: text.describe("Keyed digest of the player."),
    status: z.enum(["running", "finished"]),
    suppress: z.boolean().describe("Whether what comes for the player from now on is refused."),
    found: z.object(found).describe("What named the player, by store; `mentions` are other people's events."),
    requested_at: instant,
    finished_at: instant.nullable(),
    signature: maybe.describe("Ed25519, base64, of the receipt's canonical JSON without `signature` and `error`."),
    error: maybe.describe("What keeps it from going on; it is tried again each minute."),
  })
  .meta({ id: "ErasureReceipt" }) satisfies z.ZodType<SignedReceipt>;
const publicKey = z
  .object({ jwk: z.object({ kty: text, crv: text, x: text }), pem: text.describe("The same, for openssl.") })
  .meta({ id: "ReceiptKey" }) satisfies z.ZodType<PublicKey>;

const record = z.record(z.string(), z.unknown());
const playerExport = z
  .object({
    project_id: text,
    player_id: text,
    exported_at: instant,
    visitors: z.array(z.string()).describe("The browsers that the player was."),
    profile: record.nullable(),
    payments: z.array(record),
    dead_letters: z.array(record),
    requests: z.array(record).describe("Samples of refused requests."),
    events: z
      .array(record)
      .describe(
        "All of them, tests, bots and duplicates included, as they happened; behind them those that have gone from the log, from the archive.",
      ),
    next_cursor: maybe.describe("Ask again with it as `cursor` for more of the events; null at their end."),
  })
  .meta({ id: "PlayerExport" });

const admin = { tag: "Administration", role: "admin" } as const;
const examples = { player_id: "player-77" };

export const erasureOperations: Operation[] = [
  {
    ...admin,
    id: "erasePlayer",
    method: "delete",
    path: "/api/v1/players/{player_id}",
    summary: "Erase a player everywhere",
    description:
      "Goes on by itself, in two passes a minute apart; asking again gives the receipt as it stands. Counts and sums stay as they are.",
    examples,
    query: erasureQuery,
    answers: {
      200: { description: "It has finished.", content: json(receipt) },
      202: { description: "It is under way.", content: json(receipt) },
    },
    problems: [409],
  },
  {
    ...admin,
    id: "exportPlayer",
    method: "get",
    path: "/api/v1/players/{player_id}/export",
    summary: "All that is kept of a player",
    description:
      "Profile, events, and everything else that names the player, for a person who asks what is known of them.",
    examples,
    query: exportQuery,
    answers: {
      200: {
        description: "Streamed; as CSV or NDJSON the events. Where a part is not all, `Link` names the next one.",
        content: json(playerExport),
        tables: ["text/csv", "application/x-ndjson"],
      },
    },
  },
  {
    ...admin,
    id: "listErasures",
    method: "get",
    path: "/api/v1/erasures",
    summary: "List the receipts of erasures",
    description: "Of all that were asked for, finished or not.",
    query: erasuresQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(receipt)) } },
  },
  {
    ...admin,
    id: "getErasure",
    method: "get",
    path: "/api/v1/erasures/{id}",
    summary: "Show a receipt",
    description: "What was found and is gone, store by store; signed once it has finished.",
    answers: { 200: { description: "As it stands.", content: json(receipt) } },
    problems: [404],
  },
  {
    ...admin,
    role: "viewer",
    id: "getErasureKey",
    method: "get",
    path: "/api/v1/erasures/key",
    summary: "The public key that receipts are signed with",
    description: "An Ed25519 key. Keep it with the receipts: with it they can be verified when the instance is gone.",
    answers: { 200: { description: "The key.", content: json(publicKey) } },
  },
];
