/** Says which amounts are in no total because their currency has no exchange rate, and where to add the rate. */
import { may, type Principal } from "../worker/http/principal.ts";
import { exactMoney } from "./format.ts";
import { Link } from "./link.tsx";
import { viewOf } from "./views.ts";
import { words } from "./words.ts";

/** Null: the reader may not see amounts. */
type Without = { what: string; amounts: Readonly<Record<string, string>> | null; principal: Principal };

export function NoRate({ what, amounts, principal }: Without) {
  const told = Object.entries(amounts ?? {}).map(([currency, amount]) => exactMoney(amount, currency));
  if (told.length === 0) return null;
  return (
    <p class="lead" data-no-rate={what}>
      {words.panel.noExchangeRateYetSoThisIs(
        <span class="badge warn">{words.panel.notIncluded}</span>,
        what,
        told.join(", "),
        may(principal, "admin") && principal.project_id === null && viewOf("rates") && (
          <Link to={{ view: "rates" }}>{words.panel.fixRates}</Link>
        ),
      )}
    </p>
  );
}
