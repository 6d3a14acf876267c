/** Takes the webhooks of a shop, and hands what was paid on to Edgepixel. Node 20 or newer, without any package. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { EDGEPIXEL_URL, EDGEPIXEL_KEY, SHOP_WEBHOOK_SECRET, PORT = "8080" } = process.env;

/** The event of each topic. The shop's own ids let a webhook that comes twice count once. */
const EVENTS = {
  "orders/paid": (order) => ({
    event_type: "purchase",
    event_id: `paid-${order.id}`,
    transaction_id: String(order.id),
    player_id: order.customer ? String(order.customer.id) : `order-${order.id}`,
    amount: order.total_price,
    currency: order.currency,
  }),
};

const isFromShop = (body, signature = "") => {
  const right = createHmac("sha256", SHOP_WEBHOOK_SECRET).update(body).digest();
  const given = Buffer.from(signature, "base64");
  return given.length === right.length && timingSafeEqual(given, right);
};

/** One try: Shopify waits five seconds for an answer, and sends again what was not answered with 200. */
async function hand(event) {
  const answer = await fetch(`${EDGEPIXEL_URL}/api/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${EDGEPIXEL_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(4_000),
  });
  if (!answer.ok) throw new Error(`Edgepixel did not take ${event.event_id}: ${await answer.text()}`);
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  const end = (status) => response.writeHead(status).end();
  if (!isFromShop(body, request.headers["x-shopify-hmac-sha256"])) return end(401);
  const event = EVENTS[request.headers["x-shopify-topic"]]?.(JSON.parse(body));
  try {
    if (event) await hand(event);
    end(200);
  } catch (error) {
    console.error(error);
    end(503);
  }
}).listen(Number(PORT));
