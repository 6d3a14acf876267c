/** Mail as HTML: tables, and styles within each element, since mail programs support little else. */

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const FONT = "font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif";

/** A page as wide as a phone's screen, 600 pixels at most. `parts` are HTML already. */
export const pageOf = (title: string, parts: readonly string[], footer: readonly string[]): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light"><title>${escaped(title)}</title></head>
<body style="margin:0;background:#f4f5f7;${FONT};color:#1b1f24;font-size:16px;line-height:1.5">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:12px 4px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border:1px solid #d9dde3;border-radius:8px"><tr><td style="padding:16px 12px">
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">${escaped(title)}</h1>
${parts.join("\n")}
</td></tr></table>
<p style="margin:12px 8px;font-size:13px;color:#57606a">${footer.join("<br>")}</p>
</td></tr></table></body></html>`;

export const paragraph = (text: string): string => `<p style="margin:0 0 12px">${escaped(text)}</p>`;

export const linkOf = (url: string, text: string): string =>
  `<a href="${escaped(url)}" style="color:#0a58ca">${escaped(text)}</a>`;

export const htmlOf = ({ title, lines, link }: { title: string; lines: readonly string[]; link: string }): string =>
  pageOf(
    title,
    [...lines.map(paragraph), `<p style="margin:0">${linkOf(link, "Open the dashboard")}</p>`],
    ["Sent by Edgepixel."],
  );
