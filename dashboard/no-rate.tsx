/** Says plainly what is in no total, because its currency has no exchange rate, and where that is mended. */
import { may, type Principal } from "../worker/http/principal.ts";
import { exactMoney } from "./format.ts";
import { Link } from "./link.tsx";
import { viewOf } from "./views.ts";

/** Null: who looks sees no amounts. */
type Without = { what: string; amounts: Readonly<Record<string, string>> | null; principal: Principal };

export function NoRate({ what, amounts, principal }: Without) {
  const told = Object.entries(amounts ?? {}).map(([currency, amount]) => exactMoney(amount, currency));
  if (told.length === 0) return null;
  return (
    <p class="lead" data-no-rate={what}>
      <span class="badge warn">Not included</span> {what}: {told.join(", ")}. No exchange rate yet, so this is not in
      the totals.{" "}
      {may(principal, "admin") && principal.project_id === null && viewOf("rates") && (
        <Link to={{ view: "rates" }}>Fix rates</Link>
      )}
    </p>
  );
}
