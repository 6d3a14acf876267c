/** Allowed addresses of postbacks: none that only this Worker can reach, in any spelling. */
import { describe, expect, it } from "vitest";
import { refusalOf, refusalOfTemplate } from "../../worker/postbacks/address.ts";

const PUBLIC = { local: false };
const OWN = "events.brand.example";
const refused = (url: string) => refusalOfTemplate(url, PUBLIC, OWN);

describe("a target's URL", () => {
  it.each([
    "https://tracker.example.com/postback?click={click_id}",
    "https://tracker.example.com",
    "https://tracker.example.com:443/a",
    "https://tracker.example.com:8443/a",
    "https://tracker.example.com./a",
    "HTTPS://Tracker.Example.COM/{event_id}",
    "https://müller.example/a",
    "https://localhost.example.com/",
    "https://127.0.0.1.example.com/",
    "https://10.example/",
  ])("is accepted: %s", (url) => expect(refused(url)).toBeNull());

  it.each([
    // Loopback, in the spellings that the URL standard reads as addresses.
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.1./",
    "https://１２７.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    // Private, link-local, shared, multicast, reserved.
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://192.0.2.1/",
    // Also public ones: no IP address is fetched.
    "https://8.8.8.8/",
    // IPv6: loopback, unspecified, local, mapped, NAT64, 6to4.
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::10.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[2606:4700::1111]/",
    // Names that no public server has.
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://router.lan/",
    "https://nas.home.arpa/",
    "https://intranet/",
    "https://a/",
    "https://com/",
    // Other parts of a URL.
    "http://tracker.example.com/",
    "ftp://tracker.example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "tracker.example.com/p",
    "//tracker.example.com/p",
    "https:tracker.example.com/p",
    "https:/tracker.example.com/p",
    "https://user@tracker.example.com/",
    "https://user:password@tracker.example.com/",
    "https://tracker.example.com@10.0.0.1/",
    "https://10.0.0.1\\@tracker.example.com/",
    "https://tracker.example.com:22/",
    "https://tracker.example.com:80/",
    "https://tracker.example.com:25/",
    "https://tracker.example.com:8080/",
    "https://{data.host}/p",
    "https://{s1}.example.com/p",
    "https://tracker.example.com{s1}/p",
    "https://tracker.example.com:{s1}/p",
    "https:/{s1}",
    "https:\\\\tracker.example.com",
    "https://track er.example.com/",
    "https://tracker.example.com/a b",
    "https://tracker.example.com/\n",
    "https://",
    "https:///",
    `https://tracker.example.com/${"a".repeat(2_000)}`,
    // This instance would send to itself.
    `https://${OWN}/visit`,
    `https://${OWN.toUpperCase()}/visit`,
    `https://${OWN}./visit`,
    `https://${OWN}:8443/visit`,
  ])("is refused: %s", (url) => expect(refused(url)).toEqual(expect.any(String)));

  it.each([
    ["https://{s1}/p", "must name its host without a macro"],
    ["http://tracker.example.com/", "must begin with https://"],
    ["https://10.0.0.1/", "must name a host: IP addresses are not fetched"],
    ["https://tracker.example.com:22/", "must use port 443 or 8443"],
    [`https://${OWN}/`, "must not be this instance's own host, which would tell itself"],
  ])("is refused with the rule: %s", (url, rule) => expect(refused(url)).toBe(rule));
});

describe("on a developer's own machine", () => {
  const local = (url: string) => refusalOfTemplate(url, { local: true }, "localhost:8787");

  it.each(["http://127.0.0.1:9000/p", "http://localhost:9000/p", "https://localhost/p", "http://[::1]:9000/p"])(
    "that machine is accepted: %s",
    (url) => expect(local(url)).toBeNull(),
  );

  it.each([
    "http://192.168.1.1/",
    "http://tracker.example.com/",
    "http://10.0.0.1:9000/",
    "http://localhost:8787/visit",
  ])("nothing else is: %s", (url) => expect(local(url)).toEqual(expect.any(String)));
});

it("a filled template is checked as well", () => {
  expect(refusalOf(new URL("https://10.0.0.1/"), PUBLIC)).toEqual(expect.any(String));
  expect(refusalOf(new URL("http://127.0.0.1:1/"), PUBLIC)).toEqual(expect.any(String));
});
