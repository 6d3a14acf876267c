/** The line around a view that is embedded in another site's page: the days, and a link to the dashboard. */
import { writeAddress } from "../address.ts";
import { Mark } from "../icons.tsx";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import { isDated, type ViewEntry } from "../views.ts";
import { PeriodMenu } from "./period-menu.tsx";

export function EmbedLine({ scope, entry }: { scope: Scope | undefined; entry: ViewEntry | undefined }) {
  const { address } = useNavigation();
  return (
    <div class="toolbar embed-line">
      {scope && entry && isDated(entry, address, scope.principal) ? (
        <PeriodMenu scope={scope} />
      ) : (
        <strong>{entry?.title}</strong>
      )}
      <a class="brand" href={`/${writeAddress(address)}${location.hash}`} target="_blank" rel="noopener">
        <Mark />
        Edgepixel
      </a>
    </div>
  );
}
