/** How many false alarms `/anomalies` has in traffic without faults, and which planted faults it finds, over several seeds. */
import { addDays } from "../worker/calendar.ts";
import { BEFORE } from "../worker/reports/anomalies/band.ts";
import { seriesOf } from "../worker/reports/anomalies/series.ts";
import { anomaliesIn, type Found } from "../worker/reports/anomalies/verdict.ts";
import { FAULTS, isFoundBy, plant } from "./faults.ts";
import { affiliateBrands, type Brand, countedOf, demoBrands, type Season, season } from "./seasons.ts";

const THURSDAY = "2026-01-01";
const SEEDS = Array.from({ length: 10 }, (_, seed) => seed + 1);
const JUDGED = 60;
const DAYS = BEFORE + JUDGED;

const judged = (counts: Season): Found =>
  anomaliesIn(
    seriesOf(countedOf(counts, THURSDAY), { from: THURSDAY, to: addDays(THURSDAY, DAYS - 1) }, null),
    BEFORE,
    DAYS,
  );

const PROJECTS: Record<string, (seed: number) => Brand[]> = {
  "the demo's, 300 people a day": () => demoBrands(300),
  "the demo's, 3,000 people a day": () => demoBrands(3_000),
  "5 affiliates": (seed) => affiliateBrands(5, seed),
  "40 affiliates": (seed) => affiliateBrands(40, seed),
  "200 affiliates": (seed) => affiliateBrands(200, seed),
};

function falseAlarms(project: string, brands: (seed: number) => Brand[]) {
  const counts = { series: 0, medium: 0, high: 0 };
  let spent = 0;
  for (const seed of SEEDS) {
    const traffic = season(brands(seed), DAYS, seed);
    const started = performance.now();
    const { anomalies, watched } = judged(traffic);
    spent += performance.now() - started;
    for (const day of watched) counts.series += day.length;
    for (const { severity } of anomalies) counts[severity]++;
  }
  return {
    project,
    "series-days": counts.series,
    medium: counts.medium,
    high: counts.high,
    "per 1,000 series-days": ((1_000 * (counts.medium + counts.high)) / counts.series).toFixed(2),
    "ms to judge them": Math.round(spent / SEEDS.length),
  };
}

/** The day of the faults: a Saturday, with the whole history before it that a judgement can use. */
const FAULTY = BEFORE + 30 + ((2 - ((BEFORE + 30) % 7) + 7) % 7);

/** The share of the seeds in which each fault was found, planted in a tag of `people` a day, or in all tags of this size. */
function found(people: number): Record<string, string> {
  const times = FAULTS.map(() => 0);
  for (const seed of SEEDS) {
    const brands = affiliateBrands(FAULTS.length, seed).map((brand) => ({ ...brand, people }));
    for (const [index, fault] of FAULTS.entries()) {
      const counts = season(brands, DAYS, seed);
      const { tag } = brands[index] as Brand;
      plant(counts, fault, tag, FAULTY);
      if (judged(counts).anomalies.some((anomaly) => isFoundBy(anomaly, fault, tag, FAULTY)))
        times[index] = (times[index] as number) + 1;
    }
  }
  return Object.fromEntries(
    FAULTS.map(({ name }, index) => [name, `${(100 * (times[index] as number)) / SEEDS.length} %`]),
  );
}

export async function benchAnomalies(): Promise<void> {
  console.log(`\nFalse alarms in ${JUDGED} days without a fault, ${SEEDS.length} seeds:`);
  console.table(Object.entries(PROJECTS).map(([name, brands]) => falseAlarms(name, brands)));
  console.log(
    `\nPlanted faults that were told, by the people a day of a tag (ten tags; everywhere is in all), ${SEEDS.length} seeds:`,
  );
  const sizes = [10, 30, 100, 300, 1_000, 5_000].map((people) => ({ people, shares: found(people) }));
  console.table(
    FAULTS.map(({ name, days }) => ({
      fault: name,
      days,
      ...Object.fromEntries(sizes.map(({ people, shares }) => [`${people.toLocaleString("en")} people`, shares[name]])),
    })),
  );
}
