/** Shared by the commands of the project: options as data, `--help` made from them, and errors without a stack. */
import { parseArgs } from "node:util";
import { DEFAULT_URL } from "./instance.ts";

type Option = {
  help: string;
  /** The name of its value in the help. An option without it is a switch. */
  value?: string;
  /** The values that are allowed. */
  words?: readonly string[];
  default?: string;
  multiple?: true;
};
type Options = Record<string, Option>;
export type Command<O extends Options = Options> = {
  /** The command as it is typed, without options, such as `npm run export`. */
  name: string;
  /** One sentence. */
  help: string;
  options: O;
  /** The name of arguments other than options in the help; a command without it has none. */
  arguments?: string;
};

type Value<O extends Option> = O["multiple"] extends true
  ? string[]
  : O["value"] extends string
    ? O["default"] extends string
      ? Word<O>
      : Word<O> | undefined
    : boolean;
type Word<O extends Option> = O["words"] extends readonly (infer Name)[] ? Name : string;
export type Given<O extends Options> = { values: { [Name in keyof O]: Value<O[Name]> }; positionals: string[] };

/** The instance to which a command sends its requests. */
export const URL_OPTION = {
  url: { value: "URL", default: DEFAULT_URL, help: "the instance; its key is EDGEPIXEL_KEY in the environment" },
} as const;

const labelOf = (name: string, { value }: Option) => `--${name}${value ? ` ${value}` : ""}`;

export function helpOf({ name, help, options, arguments: rest }: Command): string {
  const entries = Object.entries({ ...options, help: { help: "this text" } as Option });
  const width = Math.max(...entries.map(([option, about]) => labelOf(option, about).length));
  const line = ([option, about]: [string, Option]) => {
    const words = about.words ? `: ${about.words.join(", ")}` : "";
    const more = [about.default && `default ${about.default}`, about.multiple && "can be repeated"].filter(Boolean);
    return `  ${labelOf(option, about).padEnd(width)}  ${about.help}${words}${more.length ? ` (${more.join(", ")})` : ""}`;
  };
  const shown = [rest, Object.keys(options).length > 0 && "[options]"].filter(Boolean);
  return `${[name, shown.length > 0 && "--", ...shown].filter(Boolean).join(" ")}\n${help}\n\n${entries.map(line).join("\n")}`;
}

/** The options and arguments of the command line. Ends the process where it asks for the help, or is wrong. */
export function readCommand<const O extends Options>(
  command: Command<O>,
  given: readonly string[] = process.argv.slice(2),
): Given<O> {
  try {
    return parse(command, given);
  } catch (error) {
    return fail(`${messageOf(error)}\n\`${command.name} -- --help\` lists the options.`);
  }
}

function parse<O extends Options>(command: Command<O>, given: readonly string[]): Given<O> {
  if (given.includes("--key"))
    throw new Error("--key is not taken: arguments show in the list of processes. Put the key into EDGEPIXEL_KEY.");
  const options = Object.entries<Option>(command.options).map(([name, option]) => [
    name,
    {
      type: option.value ? ("string" as const) : ("boolean" as const),
      ...(option.multiple && { multiple: true, default: [] }),
      ...(option.default !== undefined && { default: option.default }),
    },
  ]);
  const { values, positionals } = parseArgs({
    args: [...given],
    allowPositionals: command.arguments !== undefined,
    options: { ...Object.fromEntries(options), help: { type: "boolean" } },
  }) as { values: Record<string, string | boolean | string[] | undefined>; positionals: string[] };
  if (values.help) {
    console.log(helpOf(command));
    process.exit(0);
  }
  for (const [name, { words, value }] of Object.entries<Option>(command.options)) {
    const chosen = values[name];
    if (words && typeof chosen === "string" && !words.includes(chosen))
      throw new Error(`--${name} must be one of ${words.join(", ")}, not ${chosen}.`);
    if (!value) values[name] ??= false;
  }
  return { values, positionals } as unknown as Given<O>;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** Runs `work`. If it fails, prints the error, and the advice of `then`. */
export const run = (work: () => Promise<void>, then?: () => string | null): Promise<void> =>
  work().catch((error: unknown) => fail([messageOf(error), then?.()].filter(Boolean).join("\n")));
