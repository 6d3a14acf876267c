/** One player: who, what they brought, how long it took them to pay, and all that they did. */
import { useState } from "preact/hooks";
import { may } from "../../worker/http/principal.ts";
import type { PlayerProfile } from "../../worker/reports/player.ts";
import { useAnswer } from "../answers.ts";
import { EVENT_COLUMNS } from "../events/columns.tsx";
import { EventDialog } from "../events/event.tsx";
import { Amounts, Facts, FactsSkeleton, factsOf } from "../facts.tsx";
import { Count } from "../figure.tsx";
import { rate, words } from "../format.ts";
import { Earlier } from "../frame/icons.tsx";
import { Menu } from "../frame/menu.tsx";
import { linkTo, useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Download } from "../table/download.tsx";
import { PagedList } from "../table/list.tsx";
import { Chosen } from "../table/narrow.tsx";
import { TableTools } from "../table/tools.tsx";
import { exportOf, profile, stats, timeline, timelineCsv } from "./query.ts";

type Shown = { scope: Scope; player_id: string };

export function PlayerPage({ scope, player_id }: Shown) {
  const { go } = useNavigation();
  return (
    <>
      <p class="back">
        <button type="button" class="button quiet" onClick={() => go({ player_id: undefined, event_type: undefined })}>
          <Earlier />
          All players
        </button>
      </p>
      <div class="panels">
        <Profile scope={scope} player_id={player_id} />
        <Timeline scope={scope} player_id={player_id} />
      </div>
    </>
  );
}

function Profile({ scope, player_id }: Shown) {
  const answer = useAnswer(profile(scope, player_id));
  return (
    <Panel
      name="player"
      title={player_id}
      actions={may(scope.principal, "admin") && <AdminActions scope={scope} player_id={player_id} />}
      busy={answer.stale}
    >
      <p class="lead">Times in {scope.timezone}.</p>
      <Answered answer={answer} what="player" skeleton={<FactsSkeleton facts={20} />}>
        {(player) => (
          <>
            <Facts facts={factsOfPlayer(player, scope.timezone)} />
            <h3>Time to sale</h3>
            <Facts facts={factsOf(timeToSale(player), scope.timezone)} />
          </>
        )}
      </Answered>
      <h3>Events by type</h3>
      <Breakdown scope={scope} player_id={player_id} />
    </Panel>
  );
}

function factsOfPlayer(player: PlayerProfile, timezone: string) {
  const { segment, spend_usd, withdrawn_usd, spend, withdrawn } = player;
  const text = (
    name: "favourite_app" | "first_tag" | "registration_tag" | "deposit_tag" | "last_tag" | "email" | "phone",
    title: string,
  ) => ({
    name,
    title,
    kind: "text" as const,
    value: player[name],
  });
  const count = (
    name: "total_events" | "total_deposits" | "total_purchases" | "total_spins" | "total_withdrawals",
    title: string,
  ) => ({
    name,
    title,
    kind: "count" as const,
    value: player[name],
  });
  const time = (
    name: "first_seen" | "last_event_at" | "registration_at" | "deposit_at" | "second_deposit_at" | "third_deposit_at",
    title: string,
  ) => ({
    name,
    title,
    kind: "time" as const,
    value: player[name],
  });
  const money = (name: string, title: string, value: string, hint: string) => ({
    name,
    title,
    kind: "money" as const,
    value,
    hint,
  });
  return [
    { name: "segment", title: "Segment", hint: "By spend in USD", shown: <span class="badge">{segment}</span> },
    ...factsOf(
      [
        money("spend_usd", "Spend", spend_usd, "Purchases and deposits less refunds, in USD"),
        money("withdrawn_usd", "Withdrawn", withdrawn_usd, "In USD"),
        money("net_usd", "Lifetime value", netOf(spend_usd, withdrawn_usd), "Spend less what was withdrawn, in USD"),
      ],
      timezone,
    ),
    { name: "spend", title: "Spend as it came in", shown: <Amounts of={spend} /> },
    { name: "withdrawn", title: "Withdrawn as it went", shown: <Amounts of={withdrawn} /> },
    ...(Object.keys(player.unconverted).length > 0
      ? [
          {
            name: "unconverted",
            title: "Without a rate",
            hint: "Of the spend: in no figure in USD, as no rate was in force on its date",
            shown: <Amounts of={player.unconverted} />,
          },
        ]
      : []),
    ...factsOf(
      [
        text("favourite_app", "Favourite app"),
        count("total_events", "Events"),
        count("total_deposits", "Deposits"),
        count("total_purchases", "Purchases"),
        count("total_spins", "Spins"),
        count("total_withdrawals", "Withdrawals"),
        time("first_seen", "First seen"),
        time("last_event_at", "Last event"),
        time("registration_at", "Registered"),
        time("deposit_at", "First deposit"),
        time("second_deposit_at", "Second deposit"),
        time("third_deposit_at", "Third deposit"),
        text("first_tag", "First tag"),
        text("registration_tag", "Tag of registration"),
        text("deposit_tag", "Tag of first deposit"),
        text("last_tag", "Last tag"),
        text("email", "E-mail"),
        text("phone", "Phone"),
      ],
      timezone,
    ),
  ];
}

/** In whole ten-thousandths, as amounts are. */
const netOf = (spend: string, withdrawn: string): string => {
  const units = (amount: string) => Math.round(Number(amount) * 10_000);
  return String((units(spend) - units(withdrawn)) / 10_000);
};

function timeToSale({ visit_at, registration_at, deposit_at }: PlayerProfile) {
  const seconds = (from: string | null, to: string | null) =>
    from === null || to === null || to < from ? null : (Date.parse(to) - Date.parse(from)) / 1_000;
  const step = (name: string, title: string, value: number | null) => ({
    name,
    title,
    kind: "duration" as const,
    value,
  });
  return [
    step("visit_to_registration", "Visit → registration", seconds(visit_at, registration_at)),
    step("registration_to_deposit", "Registration → first deposit", seconds(registration_at, deposit_at)),
    step("visit_to_deposit", "Visit → first deposit", seconds(visit_at, deposit_at)),
  ];
}

/** How often they did what, and how much of all they did that is. */
function Breakdown({ scope, player_id }: Shown) {
  const answer = useAnswer(stats(scope, player_id));
  return (
    <Answered answer={answer} what="events by type" skeleton={<FactsSkeleton facts={6} />}>
      {({ event_breakdown, total_events }) => (
        <Facts
          facts={Object.entries(event_breakdown)
            .sort(([, a], [, b]) => b - a)
            .map(([name, total]) => ({
              name,
              title: words(name),
              shown: (
                <>
                  <Count value={total} /> <small class="muted">{rate(total / total_events)}</small>
                </>
              ),
            }))}
        />
      )}
    </Answered>
  );
}

function AdminActions({ scope, player_id }: Shown) {
  const name = `player_${player_id.replaceAll(/[^\w.-]/g, "_")}`;
  return (
    <>
      <Menu label="Export all that is kept of this player" button={<span>Export</span>}>
        {() => (
          <div class="export-menu">
            {(["json", "csv", "ndjson"] as const).map((format) => (
              <Download
                key={format}
                url={exportOf(scope, player_id, format)}
                name={`${name}.${format}`}
                label={format.toUpperCase()}
              />
            ))}
          </div>
        )}
      </Menu>
      <a class="button" href={linkTo(scope.address, { view: "data_requests", player_id })}>
        Data requests
      </a>
    </>
  );
}

function Timeline({ scope, player_id }: Shown) {
  const [opened, open] = useState<string | null>(null);
  const { data } = useAnswer(stats(scope, player_id));
  const types = Object.keys(data?.event_breakdown ?? {});
  return (
    <Panel
      name="timeline"
      title="Timeline"
      actions={
        <>
          <Chosen
            name="event_type"
            label="Type"
            options={{ "": "All types", ...Object.fromEntries(types.map((type) => [type, words(type)])) }}
          />
          <TableTools csv={{ url: timelineCsv(scope, player_id), name: `timeline_${player_id}.csv` }} />
        </>
      }
    >
      <p class="lead">The latest first, also of the visitor that the player was. Times in {scope.timezone}.</p>
      <PagedList
        name="timeline"
        columns={EVENT_COLUMNS.filter(({ name }) => name !== "player_id")}
        query={(cursor) => timeline(scope, player_id, cursor)}
        keyOf={({ event_id }) => event_id}
        timezone={scope.timezone}
        press={({ event_id }) => ({ title: "All fields of this event", go: () => open(event_id) })}
        none={<p>No event of this type.</p>}
      />
      {opened !== null && <EventDialog scope={scope} event_id={opened} close={() => open(null)} />}
    </Panel>
  );
}
