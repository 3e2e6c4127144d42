import type { ImageUrlOptions } from "./options.ts";

/** Reads a request header; null when it was not sent. */
export type ReadHeader = (name: string) => string | null;

export interface AdaptedOptions {
  /** With a width in px, and the quality that this client gets. */
  options: ImageUrlOptions;
  /** The headers that had a say, for `Vary`: other values of them may give another image. */
  varies: string[];
}

/** What `w=auto` can become, px (Cloudflare's four sizes). */
const AUTO_WIDTHS = [320, 768, 960, 1200] as const;

const WIDTH_HINTS = ["Sec-CH-Width", "Width", "Sec-CH-Viewport-Width", "Viewport-Width", "Sec-CH-DPR", "DPR"];
const CONNECTION_HINTS = ["Save-Data", "ECT", "RTT", "Downlink"];

/** Asks browsers for the hints that options look at (RFC 8942 §3.1). */
export const ACCEPT_CH =
  "Sec-CH-Width, Sec-CH-Viewport-Width, Sec-CH-DPR, Width, Viewport-Width, DPR, Save-Data, ECT, RTT, Downlink";

/**
 * Answers what the options leave to the client: `w=auto` by client hints or user agent, quality by the connection. What
 * it answers with is one of a few values, so that no client can make variants at will.
 */
export function adaptToClient(asked: ImageUrlOptions, header: ReadHeader): AdaptedOptions {
  const options = { ...asked };
  const varies: string[] = [];
  if (options.width === "auto") {
    options.width = autoWidth(header);
    varies.push(...WIDTH_HINTS, "User-Agent");
  }
  const slowQuality = options["slow-connection-quality"];
  if (slowQuality !== undefined) {
    if (isSlow(header)) options.quality = slowQuality;
    delete options["slow-connection-quality"];
    varies.push(...CONNECTION_HINTS);
  }
  return { options, varies };
}

/** The least of the four widths that is enough; `Width` is in physical px already, the viewport is not. */
function autoWidth(header: ReadHeader): number {
  const hinted = numberOf(header("Sec-CH-Width")) ?? numberOf(header("Width"));
  const viewport = numberOf(header("Sec-CH-Viewport-Width")) ?? numberOf(header("Viewport-Width"));
  const dpr = numberOf(header("Sec-CH-DPR")) ?? numberOf(header("DPR")) ?? 1;
  const wanted =
    hinted ?? (viewport === undefined ? widthOfAgent(header("User-Agent") ?? "") : viewport * dpr);
  return AUTO_WIDTHS.find((width) => width >= wanted) ?? 1200;
}

/** Phones, then tablets, then desktops, of which large ones cannot be told from others. */
function widthOfAgent(agent: string): number {
  const start = agent.slice(0, 512);
  if (/iPad|Tablet|PlayBook|Silk(?!.*Mobile)/i.test(start)) return 768;
  if (/Mobi|iPhone|iPod|Android.+Mobile/i.test(start)) return 320;
  return /Android/i.test(start) ? 768 : 960;
}

/** Slower than these is slow (https://developers.cloudflare.com/images/optimization/features/#slow-connection-quality--scq). */
const SLOW = { rttMs: 150, downlinkMbps: 5, types: ["slow-2g", "2g", "3g"] };

function isSlow(header: ReadHeader): boolean {
  return (
    (numberOf(header("RTT")) ?? 0) > SLOW.rttMs ||
    header("Save-Data")?.trim().toLowerCase() === "on" ||
    SLOW.types.includes(header("ECT")?.trim().toLowerCase() ?? "") ||
    (numberOf(header("Downlink")) ?? SLOW.downlinkMbps) < SLOW.downlinkMbps
  );
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\s*\d{1,6}(\.\d{1,6})?\s*$/.test(text) ? Number(text) : undefined;
}
