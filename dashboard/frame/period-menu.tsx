/** The choice of days: a preset, any two dates, or a step earlier or later by the same length. */
import { isOffered } from "../address.ts";
import { periodText } from "../format.ts";
import { Earlier, Later } from "../icons.tsx";
import { Menu } from "../menu.tsx";
import { useNavigation } from "../navigation.ts";
import { choiceOf, PRESET_NAMES, PRESETS, step } from "../period.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { Dates } from "./dates.tsx";

export function PeriodMenu({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { period, view } = address;
  const dates = periodText(scope);
  const title = typeof period === "string" ? PRESETS[period].title : dates;
  return (
    <div class="period">
      <Step direction={-1} scope={scope} />
      <Menu
        label={typeof period === "string" ? words.frame.period(title, dates) : words.frame.periodOf(dates)}
        button={
          <span class="period-title">
            <strong>{title}</strong> {typeof period === "string" && <span class="muted period-dates">{dates}</span>}
          </span>
        }
      >
        {(close) => (
          <>
            <ul class="menu-list">
              {PRESET_NAMES.filter((name) => isOffered(name, view)).map((name) => (
                <li key={name}>
                  <button
                    type="button"
                    aria-pressed={name === period}
                    onClick={() => {
                      go({ period: name });
                      close();
                    }}
                  >
                    {PRESETS[name].title}
                  </button>
                </li>
              ))}
            </ul>
            <Dates
              days={scope}
              latest={scope.today}
              label={words.frame.showTheseDays}
              choose={(days) => {
                go({ period: choiceOf(days, scope.today) });
                close();
              }}
            />
          </>
        )}
      </Menu>
      <Step direction={1} scope={scope} />
    </div>
  );
}

function Step({ direction, scope }: { direction: -1 | 1; scope: Scope }) {
  const { go } = useNavigation();
  const target = step(scope, direction, scope.today);
  const label = direction < 0 ? words.frame.earlier : words.frame.later;
  return (
    <button
      type="button"
      class="button square"
      aria-label={label}
      title={target ? `${label}: ${periodText(target)}` : label}
      disabled={!target}
      onClick={() => target && go({ period: choiceOf(target, scope.today) })}
    >
      {direction < 0 ? <Earlier /> : <Later />}
    </button>
  );
}
