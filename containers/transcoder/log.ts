type Fields = Record<string, string | number | boolean | undefined>;

/** One JSON line on stdout. Values must not hold URLs: they carry tokens. */
export function log(event: string, fields: Fields = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** Text in which every URL is replaced, for what ffmpeg and sockets say about the things they could not open. */
export function withoutUrls(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]*[^\s'"<>:,.]/gi, "<url>");
}
