// A custom pixel of Shopify. It runs in a sandbox beside the shop's pages, and reads there what the tag knows of the visitor.
const HOST = "https://YOUR-HOST";
const PROJECT = "YOUR-PROJECT";

/** An id as the shop's webhooks have it: the digits at its end. */
const digits = (id) => /\d+$/.exec(id ?? "")?.[0];

analytics.subscribe("checkout_completed", async ({ data: { checkout } }) => {
  const kept = JSON.parse((await browser.localStorage.getItem(`edgepixel:${PROJECT}`)) || "{}");
  const fields = {
    event_type: "purchase",
    project_id: PROJECT,
    btag: kept.tag?.[0] || "organic",
    visitor_id: kept.visitor,
    player_id: digits(checkout.order?.customer?.id) || kept.player,
    transaction_id: digits(checkout.order?.id),
    // A number here, and an amount has at most four places.
    amount: checkout.totalPrice.amount.toFixed(4),
    currency: checkout.totalPrice.currencyCode,
  };
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value));
  await fetch(`${HOST}/happened?${query}`, { keepalive: true });
});
