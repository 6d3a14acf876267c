/** A migrated database keeps its data, and new columns get valid values for old rows. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";

const folder = new URL("../../migrations/", import.meta.url);
const names = readdirSync(folder).sort();
const migrate = (db: DatabaseSync, which: (name: string) => boolean) => {
  for (const name of names.filter(which)) db.exec(readFileSync(new URL(name, folder), "utf8"));
};

it("no new event can hide one from before trust was recorded, and no event of a settled day counts again", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, (name) => name < "0018");
  db.exec(`UPDATE projects SET settled_before = '2026-03-01' WHERE project_id = 'default';
    INSERT INTO retired_events VALUES ('default', 'gone');
    INSERT INTO transactions VALUES ('default', 'deposit', 'T-gone', 'gone'), ('default', 'deposit', 'T-settled', 'settled'),
      ('default', 'deposit', 'T-open', 'open'), ('default', 'deposit', 'T-bot', 'bot');
    INSERT INTO event_outcomes VALUES ('default', '2026-04-01', 'counted', '', 1, 7);
    INSERT INTO dead_letters (project_id, event_id, event, error, consumer, failed_at) VALUES ('default', 'dead', '{}', 'e', 'c', 1)`);
  const insert =
    db.prepare(`INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date,
    event_hour, transaction_id, bot, test) VALUES ('default', ?, 'deposit', 'p', 1, 1, ?, 0, ?, ?, ?)`);
  insert.run("settled", "2026-02-28", "T-settled", null, 0);
  insert.run("open", "2026-04-01", "T-open", null, 0);
  insert.run("bot", "2026-04-01", "T-bot", "crawler", 0);
  insert.run("test", "2026-04-01", null, null, 1);
  migrate(db, (name) => name >= "0018");

  const all = (query: string) =>
    db
      .prepare(query)
      .all()
      .map((row) => Object.values(row));
  expect(all("SELECT event_id, trusted, standing, superseded_at FROM events ORDER BY seq")).toEqual([
    ["settled", 1, 3, null],
    ["open", 0, 1, null],
    ["bot", 0, 0, null],
    ["test", 0, 0, null],
  ]);
  expect(all("SELECT transaction_id, trusted, event_id FROM transactions ORDER BY 1")).toEqual([
    ["T-gone", 1, "gone"],
    ["T-open", 0, "open"],
    ["T-settled", 1, "settled"],
  ]);
  expect(all("SELECT event_id, standing FROM retired_events")).toEqual([["gone", 3]]);
  expect(all("SELECT event_id, standing FROM dead_letters")).toEqual([["dead", 1]]);
  expect(all("SELECT outcome, total FROM event_outcomes")).toEqual([["counted", 7]]);
});

it("numbers of events that were removed before appends numbered their events are not used again, nor those that the version before gave meanwhile", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, (name) => name < "0049");
  const insert =
    db.prepare(`INSERT INTO events (project_id, event_id, event_type, player_id, timestamp, received_at, event_date,
    event_hour) VALUES ('default', ?, 'visit', 'p', 1, 1, '2026-05-01', 0)`);
  for (const id of ["a", "b", "c"]) insert.run(id);
  db.exec("DELETE FROM events WHERE seq > 1");
  migrate(db, (name) => name >= "0049");
  const taken = () => db.prepare("SELECT taken_to FROM log_state").get()?.taken_to;
  expect(taken()).toBe(3);
  insert.run("d");
  expect(db.prepare("SELECT max(seq) AS seq FROM events").get()?.seq).toBe(4);
  db.exec("DELETE FROM events");
  expect(taken()).toBe(4);
});
