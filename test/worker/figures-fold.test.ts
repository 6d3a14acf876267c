import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Changes, lineNumber } from "../../worker/figures/changes.ts";
import { dayTexts, joined, packed } from "../../worker/figures/day-rows.ts";
import { fold, type Rules } from "../../worker/figures/fold.ts";
import { Reader, Writer } from "../../worker/figures/numbers.ts";
import { eventsText, inOrder, type PersonEvent, readEvents } from "../../worker/figures/person-event.ts";
import { noState } from "../../worker/figures/state.ts";
import { readState, stateText } from "../../worker/figures/state-text.ts";
import { addText, Tally, writeTally } from "../../worker/figures/tally.ts";
import { Words } from "../../worker/figures/words.ts";
import { cutsOf, sumsOf } from "./figures.ts";

const DAY = 86_400_000;
const words = new Words();
const rules: Rules = { words, attribution_days: 2 };
const codes = (...names: (string | null)[]) => fc.constantFrom(...names.map((name) => words.code(name)));

/** Few moments and names, so that much of it happens at once, and again. */
const anEvent = fc
  .record({
    slot: fc.integer({ min: 0, max: 60 }),
    event_id: fc.uuid(),
    event_type: codes("visit", "registration", "deposit", "deposit", "purchase", "refund", "spin"),
    banner_tag: codes(null, null, "b", "a", "naïve tag'--"),
    app_id: codes(null, "slots", "roulette"),
    country: codes(null, "MT", "SE"),
    device: codes(null, "mobile"),
    platform: codes(null, "ios"),
    money: fc.option(fc.record({ currency: codes("EUR", "JPY"), amount: fc.integer({ min: 0, max: 10 ** 15 }) })),
    seq: fc.nat(),
    visitor_id: fc.constantFrom("", "v1", "besucher-é"),
  })
  .map(({ slot, money, ...event }): PersonEvent => {
    const at = 20_500 * DAY + slot * (DAY / 4);
    return { ...event, at, date: Math.floor(at / DAY), hour: (slot % 4) * 6, currency: 0, amount: 0, ...money };
  });
const aHistory = fc.array(anEvent, { minLength: 1, maxLength: 40 }).map((events) => events.sort(inOrder));

const counted = (events: readonly PersonEvent[]) => {
  const changes = new Changes();
  const state = noState();
  fold(state, events, rules, changes);
  return { sums: sumsOf(changes), state: stateText(state) };
};

describe("a person's share of the figures", () => {
  it("is the same whether a history is counted at once or in any pieces, the state kept as text between them", () => {
    fc.assert(
      fc.property(aHistory, fc.infiniteStream(fc.boolean()), (events, isCut) => {
        const changes = new Changes();
        let state = noState();
        let from = 0;
        for (const to of [...cutsOf(events).filter(() => isCut.next().value), events.length]) {
          fold(state, readEvents(eventsText(events.slice(from, to))), rules, changes);
          state = readState(stateText(state));
          from = to;
        }
        expect({ sums: sumsOf(changes), state: stateText(state) }).toEqual(counted(events));
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it("is nothing when it is taken out and put in again, from any place on", () => {
    fc.assert(
      fc.property(aHistory, fc.nat(), (events, place) => {
        const cuts = [0, ...cutsOf(events)];
        const cut = cuts[place % cuts.length] as number;
        const head = noState();
        fold(head, events.slice(0, cut), rules, null);
        const text = stateText(head);
        const changes = new Changes();
        fold(readState(text), events.slice(cut), rules, changes, -1);
        expect(Object.keys(sumsOf(changes))).not.toEqual([]);
        fold(readState(text), events.slice(cut), rules, changes);
        expect(sumsOf(changes)).toEqual({});
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  it("does not depend on the order in which events of one moment came", () => {
    fc.assert(
      fc.property(aHistory, (events) => {
        expect(counted(events.toReversed().sort(inOrder))).toEqual(counted(events));
      }),
    );
  });
});

describe("texts", () => {
  const writer = new Writer();

  it("in text are refused where the text is cut off or is none", () => {
    const writer = new Writer();
    writer.begin();
    writer.whole(1_000_000);
    const text = writer.take();
    expect(new Reader(text).whole()).toBe(1_000_000);
    for (const broken of ["", text.slice(0, -1), `${text[0]}é`])
      expect(() => new Reader(broken).whole()).toThrow(RangeError);
  });

  it("give back the numbers and texts that were written", () => {
    const item = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 2_000 }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(fc.array(item), (items) => {
        writer.begin();
        for (const one of items) typeof one === "number" ? writer.whole(one) : writer.string(one);
        const reader = new Reader(writer.take());
        const read = items.map((one) => (typeof one === "number" ? reader.whole() : reader.string()));
        expect(read).toEqual(items);
        expect(reader.more).toBe(false);
      }),
    );
  });

  it("of sums written one behind the other are read as their sum", () => {
    const sum = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    const entries = fc.array(fc.tuple(fc.nat({ max: 30 }), sum, sum));
    const tallyOf = (of: [number, number, number][]) => {
      const tally = new Tally();
      for (const [key, first, second] of of) tally.add(key, first, second);
      return tally;
    };
    fc.assert(
      fc.property(entries, entries, (one, other) => {
        const read = new Tally();
        for (const some of [one, other]) {
          writer.begin();
          writeTally(writer, tallyOf(some).entries(), 2);
          addText(read, writer.take(), 2);
        }
        expect(read.entries()).toEqual(tallyOf([...one, ...other]).entries());
      }),
    );
  });

  it("of days are packed into each sum once, and refuse less than nothing", () => {
    const number = lineNumber("returns", 0);
    const line = (sum: number) => dayTexts([{ number, entries: [[20_500, [sum, 0, 0]]] }]);
    expect(packed(joined(joined(line(3), line(4)), line(-2)))).toEqual(line(5));
    expect(packed(joined(line(3), line(-3)))).toEqual(dayTexts([]));
    expect(() => packed(joined(line(3), line(-4)))).toThrow("less than nothing");
  });
});
