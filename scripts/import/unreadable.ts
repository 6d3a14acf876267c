/** Common files that an import cannot read, by their first bytes: the name, and what to do instead. */

/** How files begin that are not text; each character is one byte. */
const BINARY: readonly [begins: string, what: string, way: string][] = [
  ["PK\x03\x04", "a ZIP archive or an Excel workbook", "unpack it, or save the sheet as CSV"],
  ["\xD0\xCF\x11\xE0", "an old Excel workbook", "save the sheet as CSV"],
  ["PAR1", "Parquet", "write it as CSV first, such as with DuckDB: COPY (FROM 'file.parquet') TO 'file.csv'"],
  ["SQLite format 3", "an SQLite database", "write the table as CSV first: sqlite3 -header -csv FILE 'SELECT …'"],
  ["BZh", "packed by bzip2", "unpack it first: bunzip2"],
  ["\xFD7zXZ", "packed by xz", "unpack it first: unxz"],
  ["\x28\xB5\x2F\xFD", "packed by zstd", "unpack it first: unzstd"],
  ["7z\xBC\xAF", "packed by 7-Zip", "unpack it first: 7z x"],
  ["Rar!", "packed by RAR", "unpack it first: unrar x"],
  ["Obj\x01", "Avro", "write it as NDJSON first, such as with avro-tools tojson"],
];

const TEXT: readonly [begins: RegExp, what: string, way: string][] = [
  [/ustar(?:\0| {2})/, "a tar archive", "unpack it first: tar -xf"],
  [/\0/, "a binary file", "export it as text: CSV or JSON"],
  [/\r./, "a file with line ends of old Macs", "write it with others: tr '\\r' '\\n' < FILE > NEW"],
  [/^\{\\rtf/, "RTF", "save it as plain text"],
  [
    /^\{\s*"(?:events|data|rows|records|results|items)"\s*:\s*\[\s*\{/,
    "one object of JSON with a list inside",
    "NDJSON has one object a line: jq -c '.events[]' FILE, with the list's own name",
  ],
  [/^%PDF/, "a PDF", "ask its sender for CSV"],
  [/^<(?:!doctype html|html)/i, "a web page", "download the file again while signed in"],
  [/^<\?xml|^<[a-z]\w*[\s>]/i, "XML", "ask for the export as CSV or JSON"],
  [
    /^(?:-- |\/\*|(?:INSERT|CREATE|COPY) )/,
    "an SQL dump",
    "write the table as CSV first: \\copy in psql, SELECT … INTO OUTFILE in MySQL",
  ],
  [/^\[\s*(?:[[{"]|$)/, "a JSON array", "NDJSON has one object a line: jq -c '.[]' FILE"],
  [
    /^\{\s*$/,
    "JSON over several lines",
    "NDJSON has one object a line: jq -c . FILE (or jq -c '.data[]' for the list inside)",
  ],
  [
    /^(?:CEF|LEEF):\d/,
    "CEF or LEEF, a format of security tools",
    "have the server write the combined log format or JSON",
  ],
  [
    /^(?:.* )?at=\w+ (?:.* )?method=[A-Z]+ /,
    "logfmt, as Heroku's router writes it",
    "write each line as JSON with the keys time, ip, method, path and status",
  ],
  [
    /^\d{10}\.\d{3} +\d+ \S+ [A-Z_]+\/\d{3} \d+ [A-Z]+ /,
    "Squid's own log format",
    "let it write the combined one: logformat combined",
  ],
];

const BEGINNING = 2_048;

/** Why a file whose first line this is cannot be read; null where it may. */
export function nameOf(first: string): string | null {
  const line = first.slice(0, BEGINNING);
  const found = BINARY.find(([begins]) => line.startsWith(begins)) ?? TEXT.find(([begins]) => begins.test(line));
  return found ? `This is ${found[1]}: ${found[2]}.` : null;
}

const KEYS = "time, ip, method, path, status, user_agent and referer";
export const UNKNOWN_LOG =
  "This looks like a log of requests in a form that is not known. Let the server write the combined format, or JSON. " +
  `What there is can be made into an object of JSON a line with the keys ${KEYS}.`;
export const UNKNOWN_JSON_LOG = `This looks like a log of requests in JSON with keys that are not known. Rename them to ${KEYS}: jq -c '{time: .…, ip: .…}' FILE`;
