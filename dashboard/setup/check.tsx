/** Whether events arrive: the last one, live, and a button that sends a test. */
import { useEffect, useState } from "preact/hooks";
import { useAction } from "../act/action.ts";
import { ActionError } from "../act/dialog.tsx";
import { Fact } from "../fact.tsx";
import { duration, spoken } from "../format.ts";
import { useLive } from "../live/live.ts";
import { Status } from "../live/status.tsx";
import { useNavigation } from "../navigation.ts";
import { Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

export function Check({ scope }: { scope: Scope }) {
  const { events, connection } = useLive();
  const { go } = useNavigation();
  const [event] = events;
  return (
    <Panel name="check" title={words.common.status} actions={<Status connection={connection} />}>
      <p class="received">
        <span role="status">
          {event
            ? words.setup.receivedOf(spoken(event.event_type), event.banner_tag ?? words.common.noTag)
            : words.setup.waitingForYourFirstEvent}
        </span>
        {event && <Ago timestamp={event.timestamp} />}
      </p>
      <p class="lead">
        {words.setup.testsBotsAndPaymentsThat(
          <button type="button" class="link inline" onClick={() => go({ view: "requests" })}>
            {words.setup.requestLog}
          </button>,
        )}
      </p>
      <TestSender scope={scope} />
    </Panel>
  );
}

function Ago({ timestamp }: { timestamp: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <time dateTime={timestamp}>{words.setup.ago(duration((now - Date.parse(timestamp)) / 1_000))}</time>;
}

/** The headers of the answer that have the result. */
const TOLD = ["x-event-status", "x-event-id", "x-event-error", "x-event-warning", "x-request-id", "retry-after"];

function TestSender({ scope: { project_id } }: { scope: Scope }) {
  const [answer, setAnswer] = useState<{ status: number; headers: [string, string][] } | null>(null);
  const test = new URLSearchParams({ project_id, player_id: "set-up", btag: "set-up", test: "1" });
  const action = useAction(async () => {
    setAnswer(null);
    // Without a page, as from a server, the test adds no data about a site.
    const { status, headers } = await fetch(`/visit?${test}`, { referrerPolicy: "no-referrer", cache: "no-store" });
    setAnswer({ status, headers: TOLD.flatMap((name) => [[name, headers.get(name)]]).filter(isTold) });
  });
  return (
    <>
      <p class="test-sender">
        <button type="button" class="button" disabled={action.busy} onClick={() => void action.run()}>
          {action.busy ? words.setup.sending : words.setup.sendATestVisit}
        </button>
        <code>/visit?{test.toString()}</code>
      </p>
      <ActionError action={action} />
      <div aria-live="polite">
        {answer && (
          <dl class="facts">
            <Fact name={words.common.status}>{answer.status}</Fact>
            {answer.headers.map(([name, value]) => (
              <Fact key={name} name={name}>
                {value}
              </Fact>
            ))}
          </dl>
        )}
      </div>
    </>
  );
}

const isTold = (header: (string | null)[]): header is [string, string] => header[1] !== null;
