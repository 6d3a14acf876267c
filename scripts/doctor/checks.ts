/** All checks, in the order in which an event goes through an instance: later checks use the results of earlier ones. */
import { inArchive } from "./archive.ts";
import type { Check } from "./check.ts";
import { clock } from "./clock.ts";
import { cron } from "./cron.ts";
import { deadLetters } from "./dead-letters.ts";
import { figures } from "./figures.ts";
import { key } from "./key.ts";
import { live } from "./live.ts";
import { log } from "./log.ts";
import { parts } from "./parts.ts";
import { pixel } from "./pixel.ts";
import { rates } from "./rates.ts";
import { report } from "./report.ts";
import { space } from "./space.ts";
import { version } from "./version.ts";

export const CHECKS: readonly Check[] = [
  parts,
  key,
  pixel,
  log,
  deadLetters,
  figures,
  live,
  report,
  inArchive,
  space,
  rates,
  clock,
  version,
  cron,
];
