/** The names of a request's parts in servers' logs that have names: keys of JSON, and columns of the W3C format. */
import { numberAsSent } from "../../worker/exact-json.ts";
import type { Hit } from "./hit.ts";

/** Keys for each part; the first one that a record has counts. A dot leads into an object; of a list, the first item counts. */
type Layout = Record<Exclude<keyof Hit, "target">, readonly string[]> & {
  name: string;
  /** A record with all of these keys has this layout. */
  known: readonly string[];
  /** The path with the query; or only the path, where `query` has the query. */
  target: readonly string[];
  query?: readonly string[];
  /** Date and time in separate fields, and the time zone that the format defines. */
  parted?: readonly (readonly [date: string, time: string, zone: string])[];
  /** Converts values that a server writes in a special form. */
  refine?: (hit: Hit, record: Readonly<Record<string, unknown>>) => Hit;
  /** The request as the first line of HTTP: method and target in one field. */
  request?: readonly string[];
};

/** CloudFront encodes values that are encoded already once more. */
const onceLess = (text: string) => text.replace(/%25(?=[0-9A-Fa-f]{2})/g, "%");
const decoded = (text: string) =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

/** The names are the same in JSON, which CloudFront can be configured to write. */
export const W3C: Layout = {
  name: "W3C extended (IIS, CloudFront)",
  known: ["cs-method"],
  // Behind a proxy, the server's column has the proxy's address, so it comes last.
  address: ["X-Forwarded-For", "cs(X-Forwarded-For)", "c-ip"],
  time: ["timestamp", "date", "date-local"],
  method: ["cs-method"],
  // The advanced logging of IIS also has columns in the server's local time.
  parted: [
    ["date", "time", "Z"],
    ["date-local", "time-local", ""],
  ],
  refine(hit, record) {
    if ("x-edge-location" in record)
      return {
        ...hit,
        target: hit.target && onceLess(hit.target),
        page: hit.page && onceLess(hit.page),
        agent: hit.agent && decoded(onceLess(hit.agent)),
      };
    // IIS writes a plus for a blank.
    return { ...hit, agent: hit.agent?.includes(" ") ? hit.agent : hit.agent?.replaceAll("+", " ") };
  },
  target: ["cs-uri-stem", "cs-uri"],
  query: ["cs-uri-query"],
  status: ["sc-status", "c-status"],
  page: ["cs(Referer)", "cs-referer", "cs(Referrer)", "c-referrer"],
  agent: ["cs(User-Agent)", "cs-user-agent", "c-user-agent"],
  country: ["c-country", "cs-countrycode"],
};

export const LAYOUTS: readonly Layout[] = [
  {
    name: "Cloudflare Logpush (http_requests)",
    known: ["EdgeResponseStatus", "ClientRequestURI"],
    address: ["ClientIP"],
    time: ["EdgeStartTimestamp", "EdgeEndTimestamp"],
    method: ["ClientRequestMethod"],
    target: ["ClientRequestURI"],
    status: ["EdgeResponseStatus"],
    page: ["ClientRequestReferer"],
    agent: ["ClientRequestUserAgent"],
    country: ["ClientCountry"],
  },
  {
    name: "Caddy",
    known: ["request.uri", "request.method", "ts"],
    address: ["request.client_ip", "request.remote_ip", "request.remote_addr"],
    time: ["ts"],
    method: ["request.method"],
    target: ["request.uri"],
    status: ["status"],
    page: ["request.headers.Referer"],
    agent: ["request.headers.User-Agent"],
    country: ["request.headers.Cf-Ipcountry"],
  },
  W3C,
  {
    name: "Traefik",
    known: ["RequestPath", "DownstreamStatus"],
    address: ["ClientHost", "ClientAddr"],
    time: ["StartUTC", "time", "StartLocal"],
    method: ["RequestMethod"],
    target: ["RequestPath"],
    status: ["DownstreamStatus"],
    page: ["request_Referer"],
    agent: ["request_User-Agent"],
    country: [],
  },
  {
    name: "Google Cloud load balancer",
    known: ["httpRequest.requestUrl"],
    address: ["httpRequest.remoteIp"],
    time: ["timestamp", "receiveTimestamp"],
    method: ["httpRequest.requestMethod"],
    target: ["httpRequest.requestUrl"],
    status: ["httpRequest.status"],
    page: ["httpRequest.referer"],
    agent: ["httpRequest.userAgent"],
    country: [],
  },
  {
    name: "Azure Front Door and Application Gateway",
    known: ["properties.requestUri", "properties.httpMethod"],
    address: ["properties.clientIp", "properties.clientIP"],
    time: ["time", "timeStamp"],
    method: ["properties.httpMethod"],
    target: ["properties.requestUri"],
    query: ["properties.requestQuery"],
    status: ["properties.httpStatusCode", "properties.httpStatus"],
    page: ["properties.referer", "properties.referrer"],
    agent: ["properties.userAgent"],
    country: ["properties.clientCountry"],
  },
  {
    name: "Envoy",
    known: ["start_time", "response_code", "path"],
    address: ["x_forwarded_for", "downstream_remote_address"],
    time: ["start_time"],
    method: ["method"],
    target: ["path"],
    status: ["response_code"],
    page: ["referer"],
    agent: ["user_agent"],
    country: [],
  },
  {
    name: "Cloudflare's trace of Workers",
    known: ["Event.Request.URL", "Event.Response.Status"],
    address: [],
    time: ["EventTimestampMs"],
    method: ["Event.Request.Method"],
    target: ["Event.Request.URL"],
    status: ["Event.Response.Status"],
    page: [],
    agent: [],
    country: [],
  },
  {
    name: "Akamai's DataStream",
    known: ["reqTimeSec", "reqPath"],
    address: ["cliIP"],
    time: ["reqTimeSec"],
    method: ["reqMethod"],
    target: ["reqPath"],
    query: ["queryStr"],
    status: ["statusCode"],
    page: ["referer"],
    agent: ["UA"],
    country: ["country"],
    refine: (hit) => ({
      ...hit,
      target: hit.target?.replace(/^\/?/, "/"),
      page: hit.page && decoded(hit.page),
      agent: hit.agent && decoded(hit.agent),
    }),
  },
  {
    name: "Vercel",
    known: ["proxy.path", "proxy.statusCode"],
    address: ["proxy.clientIp"],
    time: ["proxy.timestamp", "timestamp"],
    method: ["proxy.method"],
    target: ["proxy.path"],
    status: ["proxy.statusCode"],
    page: ["proxy.referer"],
    agent: ["proxy.userAgent"],
    country: [],
  },
  {
    // From Elasticsearch's Beats and compatible programs.
    name: "Elastic Common Schema",
    known: ["http.request.method", "http.response.status_code"],
    address: ["client.ip", "source.ip"],
    time: ["@timestamp"],
    method: ["http.request.method"],
    target: ["url.original", "url.full", "url.path"],
    query: ["url.query"],
    status: ["http.response.status_code"],
    page: ["http.request.referrer"],
    agent: ["user_agent.original"],
    country: ["client.geo.country_iso_code", "source.geo.country_iso_code"],
  },
  {
    name: "Node's pino",
    known: ["req.url", "res.statusCode"],
    address: ["req.headers.x-forwarded-for", "req.remoteAddress"],
    time: ["time"],
    method: ["req.method"],
    target: ["req.url"],
    status: ["res.statusCode"],
    page: ["req.headers.referer"],
    agent: ["req.headers.user-agent"],
    country: ["req.headers.cf-ipcountry"],
  },
  {
    // In nginx, log_format chooses the keys: these are the names of its variables, and common other names, also Fastly's.
    name: "nginx and Apache in JSON",
    known: [],
    address: ["remote_addr", "client_ip", "remote_ip", "clientip", "ip", "remoteIP", "host_ip", "client"],
    time: ["time_iso8601", "time_local", "@timestamp", "timestamp", "time", "msec", "date", "ts", "requestTime"],
    method: ["request_method", "method", "verb", "httpMethod"],
    target: ["request_uri", "uri", "url", "path", "requestPath"],
    query: ["args", "query_string", "query"],
    request: ["request"],
    status: ["status", "response_status", "status_code", "statusCode"],
    page: ["http_referer", "http_referrer", "request_referer", "referer", "referrer"],
    agent: ["http_user_agent", "request_user_agent", "user_agent", "agent", "userAgent"],
    country: ["geoip_country_code", "country_code", "http_cf_ipcountry"],
  },
];

export function valueAt(record: Readonly<Record<string, unknown>>, path: string): string | undefined {
  let value: unknown = record[path];
  if (value === undefined)
    for (const [index, key] of path.split(".").entries()) {
      const inside: unknown = index === 0 ? record : value;
      value = typeof inside === "object" && inside !== null ? (inside as Record<string, unknown>)[key] : undefined;
    }
  const [first] = Array.isArray(value) ? value : [value];
  return typeof first === "string" ? first : (numberAsSent(first) ?? undefined);
}

const STATUS = /^[1-5]\d\d$/;

/** The layout of a record that is a request: it has a time, a target and a status. Undefined for other records. */
export function layoutOf(record: Readonly<Record<string, unknown>>): Layout | undefined {
  const has = (paths: readonly string[] = []) => paths.some((path) => valueAt(record, path) !== undefined);
  return LAYOUTS.find(
    ({ known, target, request, time, status }) =>
      known.every((path) => valueAt(record, path) !== undefined) &&
      (has(target) || has(request)) &&
      has(time) &&
      status.some((path) => STATUS.test(valueAt(record, path) ?? "")),
  );
}

const REQUEST = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/;
/** In the form of the texts in `Hit`. */
const asBytes = (text: string | undefined) => text && Buffer.from(text).toString("latin1");

export function hitOf(record: Readonly<Record<string, unknown>>, layout: Layout): Hit {
  const firstOf = (paths: readonly string[] = []) => {
    const found = paths.map((path) => valueAt(record, path)).find((value) => value !== undefined && value !== "-");
    return asBytes(found);
  };
  const [, requested, asked] = REQUEST.exec(firstOf(layout.request) ?? "") ?? [];
  const path = firstOf(layout.target) ?? asked;
  const query = firstOf(layout.query)?.replace(/^\?/, "");
  const apart = layout.parted
    ?.map(([date, time, zone]) => [firstOf([date]), firstOf([time]), zone])
    .find(([date, time]) => date && time);
  const hit: Hit = {
    address: firstOf(layout.address),
    time: apart ? `${apart[0]} ${apart[1]}${apart[2]}` : firstOf(layout.time),
    // Where the log has no method, it was a GET, as of almost every pixel.
    method: firstOf(layout.method) ?? requested ?? "GET",
    target: path !== undefined && query && !path.includes("?") ? `${path}?${query}` : path,
    status: firstOf(layout.status),
    page: firstOf(layout.page),
    agent: firstOf(layout.agent),
    country: firstOf(layout.country),
  };
  return layout.refine?.(hit, record) ?? hit;
}
