import type { ImageFormat } from "../image/output.ts";
import { ACCEPT_CH } from "./adapt-to-client.ts";
import { extensionOf } from "./cache-key.ts";

/** What one answer says beside the file itself. */
export interface AnswerFacts {
  format: ImageFormat;
  /** Request headers that decided which file this is. */
  varies: readonly string[];
  /** The URL names the version of the media, so that its image never changes. */
  isVersioned: boolean;
  /** When a signed URL stops working, seconds since 1970. */
  expiresAt: number | undefined;
  /** A better one is being made, or will be: come back soon. */
  isProvisional: boolean;
  /** What the file is called when it is saved, as the client or the uploader wrote it. */
  filename: string;
  /** One sentence for people who wonder why the image looks as it does. */
  note: string | undefined;
}

const YEAR_SECONDS = 31_536_000;
/** Without a version, a day: after that a deleted media is gone everywhere. */
const DAY_SECONDS = 86_400;
const PROVISIONAL_SECONDS = 30;

export function answerHeaders(facts: AnswerFacts, nowSeconds: number): Record<string, string> {
  const hints = facts.varies.filter((name) => name !== "Accept" && name !== "User-Agent");
  return {
    "Cache-Control": cacheControl(facts, nowSeconds),
    "Content-Disposition": contentDisposition(facts.filename, facts.format),
    "X-Content-Type-Options": "nosniff",
    ...(facts.varies.length > 0 ? { Vary: facts.varies.join(", ") } : {}),
    ...(hints.length > 0 ? { "Accept-CH": ACCEPT_CH } : {}),
    ...(facts.note === undefined ? {} : { "X-Image-Note": facts.note }),
  };
}

/** No cache keeps an image longer than its URL works. */
function cacheControl({ isVersioned, isProvisional, expiresAt }: AnswerFacts, nowSeconds: number): string {
  const fresh = isProvisional ? PROVISIONAL_SECONDS : isVersioned ? YEAR_SECONDS : DAY_SECONDS;
  const left = expiresAt === undefined ? fresh : Math.max(0, Math.floor(expiresAt - nowSeconds));
  const maxAge = Math.min(fresh, left);
  return `public, max-age=${maxAge}${maxAge === YEAR_SECONDS ? ", immutable" : ""}`;
}

/** The name without its old extension and with the one that fits, in ASCII and in full (RFC 6266 §4.3, RFC 8187). */
function contentDisposition(filename: string, format: ImageFormat): string {
  const clean = Array.from(filename)
    .filter((character) => character >= " " && character !== "\u007f" && !/["\\/]/.test(character))
    .slice(0, 120)
    .join("");
  const stem = clean.replace(/\.[^.]{1,8}$/, "").replace(/^\.+/, "") || "image";
  const name = `${stem}.${extensionOf(format)}`;
  const ascii = name.replace(/[^\x20-\x7e]|%/g, "_");
  const full = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return ascii === name
    ? `inline; filename="${name}"`
    : `inline; filename="${ascii}"; filename*=UTF-8''${full}`;
}
