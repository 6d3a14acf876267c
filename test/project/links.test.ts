/** Links in the docs work: their targets exist, and every page is in the list for newcomers. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const filesIn = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => statSync(join(ROOT, file)).isFile());
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...filesIn("docs").filter((file) => file.endsWith(".md")),
];

/** Code has no links and no headings, though its comments may look like them. */
const prose = (text: string) => text.replace(/^ *```.*?^ *```$/gms, "").replace(/`[^`\n]*`/g, "");
const LINK = /\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
const linksOf = (text: string) => [...prose(text).matchAll(LINK)].map(([, target = ""]) => target);

/** Anchors as GitHub makes them: a repeated heading gets a number. */
function anchorsOf(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ""] of text.replace(/^ *```.*?^ *```$/gms, "").matchAll(/^#+\s+(.+)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-");
    for (let times = 0; ; times++) {
      const anchor = times === 0 ? slug : `${slug}-${times}`;
      if (found.has(anchor)) continue;
      found.add(anchor);
      break;
    }
  }
  return found;
}

/** Why a link of a file has no target; null if it has one. */
function fault(file: string, target: string): string | null {
  if (/^[a-z]+:/i.test(target)) return null;
  const [path = "", anchor] = target.split("#");
  const to = path ? join(dirname(file), decodeURIComponent(path)) : file;
  if (!existsSync(join(ROOT, to))) return `${target}: there is no ${to}`;
  if (anchor === undefined || !to.endsWith(".md") || anchorsOf(read(to)).has(anchor)) return null;
  return `${target}: ${to} has no heading for #${anchor}`;
}

describe("links", () => {
  it.each(pages)("of %s have existing targets", (file) => {
    expect(linksOf(read(file)).map((target) => fault(file, target))).toEqual(linksOf(read(file)).map(() => null));
  });

  it.each([
    ["nowhere.md", "there is no docs/nowhere.md"],
    ["events.md#no-such", "docs/events.md has no heading for #no-such"],
    ["#no-such", "docs/pixels.md has no heading for #no-such"],
  ])("without a target are reported: %s", (target, why) => {
    expect(fault("docs/pixels.md", target)).toBe(`${target}: ${why}`);
  });

  it("are found only outside of code, and headings too", () => {
    expect(linksOf("[a](b.md) `[c](d.md)`\n```sh\n[e](f.md)\n```\n![g](h.png)")).toEqual(["b.md", "h.png"]);
    expect([...anchorsOf("# One `two`\n```sh\n# three\n```\n## One two\n## [Four](x.md)")]).toEqual([
      "one-two",
      "one-two-1",
      "four",
    ]);
  });
});

describe("docs/README.md", () => {
  const list = read("docs/README.md");

  it("links the guides in order, from start to operation", () => {
    expect([...list.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
      "Start",
      "Install",
      "Integrate",
      "Understand",
      "Operate",
    ]);
    const numbers = [...list.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it("has every page", () => {
    const listed = linksOf(list).map((target) => normalize(join("docs", target.replace(/#.*/, ""))));
    const wanted = pages.filter((file) => file !== "docs/README.md" && !file.startsWith("docs/adr/"));
    expect(wanted.filter((file) => !listed.includes(file))).toEqual([]);
  });
});

describe("guides", () => {
  const guides = pages.filter((file) => file.startsWith("docs/guides/"));
  const quoted = guides.flatMap((file) =>
    [...read(file).matchAll(/^```\w+ (code\/\S+)\n(.*?)^```$/gms)].map(([, code = "", text = ""]) => ({
      file,
      code: join("docs/guides", code),
      text,
    })),
  );

  it.each(quoted)("$file quotes $code unchanged", ({ code, text }) => expect(text).toBe(read(code)));

  it("quote each file of code", () => {
    expect(filesIn("docs/guides/code").sort()).toEqual([...new Set(quoted.map(({ code }) => code))].sort());
  });

  it("are tried", () => {
    const tests = read("test/browser/guides.test.ts");
    expect(guides.filter((file) => !tests.includes(file.slice("docs/guides/".length)))).toEqual([]);
  });
});
