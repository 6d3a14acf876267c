import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Changes, lineNumber } from "../../worker/figures/changes.ts";
import { dayTexts, joined, packed } from "../../worker/figures/day-rows.ts";
import { fold, type Rules } from "../../worker/figures/fold.ts";
import { Reader, Writer } from "../../worker/figures/numbers.ts";
import { eventsText, inOrder, type PersonEvent, readEvents } from "../../worker/figures/person-event.ts";
import { conjunction, filterText, type ScopeFilter, tagTest } from "../../worker/figures/scope-filter.ts";
import { codeName, EVERYTHING, NO_FILTERS, scopeName, scopeOf } from "../../worker/figures/scopes.ts";
import { noState } from "../../worker/figures/state.ts";
import { readState, stateText } from "../../worker/figures/state-text.ts";
import { addText, Tally, writeTally } from "../../worker/figures/tally.ts";
import { Words } from "../../worker/figures/words.ts";
import { cutsOf, sumsOf } from "./figures.ts";

const DAY = 86_400_000;
const words = new Words();
const rules: Rules = { words, attribution_days: 2, scopes: NO_FILTERS };
const codes = (...names: (string | null)[]) => fc.constantFrom(...names.map((name) => words.code(name)));

/** Few moments and names, so that many events are simultaneous or repeated. */
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
  return { changes, sums: sumsOf(changes), state: stateText(state) };
};

const some = (...values: string[]) => fc.option(fc.subarray(values), { nil: undefined });
const aScopeFilter = fc
  .record({
    banner_tag: some("", "a", "b"),
    banner_tag_not: some("", "a"),
    banner_tag_contains: fc.option(fc.constant([["A"], ["a", "x"]]), { nil: undefined }),
    country: some("MT", "SE"),
    device: some("mobile", ""),
    app_id: some("slots", "roulette"),
    platform: some("ios"),
  })
  .map((filter) => conjunction([JSON.parse(JSON.stringify(filter))]));

describe("a person's share of the figures", () => {
  it("is the same whether a history is counted at once or in pieces, with the state stored as text between them", () => {
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
        const { sums, state: text } = counted(events);
        expect({ sums: sumsOf(changes), state: stateText(state) }).toEqual({ sums, state: text });
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it("is the same under filters that are added midway, for which the past is counted separately", () => {
    fc.assert(
      fc.property(
        aHistory,
        fc.array(aScopeFilter, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        (events, filters, place) => {
          const scopes = filters.map((filter, index) => scopeOf(index + 1, filter, words));
          const all = [EVERYTHING, ...scopes];
          const atOnce = new Changes();
          fold(noState(), events, { ...rules, scopes: all }, atOnce);
          const cuts = [0, ...cutsOf(events)];
          const cut = cuts[place % cuts.length] as number;
          const changes = new Changes();
          const state = noState();
          fold(state, events.slice(0, cut), rules, changes);
          const text = stateText(state);
          fold(noState(), events.slice(0, cut), { ...rules, scopes }, changes);
          fold(readState(text), events.slice(cut), { ...rules, scopes: all }, changes);
          expect(sumsOf(changes)).toEqual(sumsOf(atOnce));
        },
      ),
      { numRuns: 200, endOnFailure: true },
    );
  });

  it("equals everybody's under a filter that matches everything, and is empty under one that matches nothing", () => {
    fc.assert(
      fc.property(aHistory, (events) => {
        const [every, none] = [{ device: ["", "mobile"] }, { device: ["mobile"], country: [] }];
        const changes = new Changes();
        fold(noState(), events, { ...rules, scopes: [scopeOf(7, every, words), scopeOf(8, none, words)] }, changes);
        const names = (code: number) => codeName(code, words);
        const sums = Object.entries(sumsOf(changes, names));
        expect(sums.every(([name]) => name.startsWith("\u001f7"))).toBe(true);
        const plain = sums.map(([name, sum]) => [
          name.startsWith("\u001f7\u001f") ? name.slice(3) : name.replace("\u001f7", "\u001fall"),
          sum,
        ]);
        expect(Object.fromEntries(plain)).toEqual(sumsOf(counted(events).changes, names));
      }),
    );
  });

  it("does not change when it is removed and added again, from any position on", () => {
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

  it("does not depend on the order of arrival of simultaneous events", () => {
    fc.assert(
      fc.property(aHistory, (events) => {
        const { sums, state } = counted(events.toReversed().sort(inOrder));
        expect({ sums, state }).toEqual({ sums: counted(events).sums, state: counted(events).state });
      }),
    );
  });
});

describe("texts", () => {
  const writer = new Writer();

  it("are refused when they are cut off or no encoded text", () => {
    const writer = new Writer();
    writer.begin();
    writer.whole(1_000_000);
    const text = writer.take();
    expect(new Reader(text).whole()).toBe(1_000_000);
    for (const broken of ["", text.slice(0, -1), `${text[0]}é`])
      expect(() => new Reader(broken).whole()).toThrow(RangeError);
  });

  it("return the numbers and texts that were written", () => {
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

  it("of sums that are concatenated are read as their sum", () => {
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

  it("of days are merged into one value of each sum, and a negative one is refused", () => {
    const number = lineNumber("returns", 0);
    const line = (sum: number) => dayTexts([{ number, entries: [[20_500, [sum, 0, 0]]] }]);
    expect(packed(joined(joined(line(3), line(4)), line(-2)))).toEqual(line(5));
    expect(packed(joined(line(3), line(-3)))).toEqual(dayTexts([]));
    expect(() => packed(joined(line(3), line(-4)))).toThrow("negative");
  });
});

describe("filters of scopes", () => {
  const tags = ["", "a", "b", "ab", "naïve tag'--"];

  it("have one text, whichever parts they are combined from, and match what all parts match", () => {
    fc.assert(
      fc.property(aScopeFilter, aScopeFilter, (one, other) => {
        const both = conjunction([one, other]);
        expect(filterText(conjunction([other, one, other]))).toBe(filterText(both));
        for (const tag of tags) expect(tagTest(both)(tag)).toBe(tagTest(one)(tag) && tagTest(other)(tag));
        for (const field of ["country", "device", "app_id", "platform"] as const)
          for (const value of ["", "MT", "SE", "mobile", "slots", "ios"]) {
            const holds = ({ [field]: list }: ScopeFilter) => list === undefined || list.includes(value);
            expect(holds(both)).toBe(holds(one) && holds(other));
          }
      }),
    );
  });

  it("are written the same in any order, with repeats, and in any case of what a tag contains", () => {
    const text = filterText({
      country: ["SE", "MT", "SE"],
      banner_tag_contains: [
        ["B", "a"],
        ["a", "b", "a"],
      ],
    });
    expect(text).toBe(filterText({ banner_tag_contains: [["a", "b"]], country: ["MT", "SE"] }));
    expect(filterText({ banner_tag: ["b", "a"], banner_tag_not: ["a"] })).toBe(filterText({ banner_tag: ["b"] }));
  });

  it("have separate rows for everybody and for each tag", () => {
    const names = [
      scopeName(null, null),
      scopeName(null, "7"),
      scopeName(7, null),
      scopeName(7, ""),
      scopeName(7, "all"),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});
