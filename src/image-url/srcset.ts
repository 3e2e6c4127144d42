import { formatOptions, parseOptions } from "./grammar.ts";
import { type SigningKeys, signImagePath } from "./signature.ts";

/** What a page needs to show an image in the size that suits it. */
export interface Srcset {
  /** For browsers that do not know `srcset`: the widest up to 1,024 px. */
  src: string;
  srcset: string;
  sizes: string;
  /** Of `src`, px: keeps the page from jumping while it loads. */
  width: number;
  height: number;
  /** All of it as one element. */
  html: string;
}

export interface SrcsetOrder {
  mediaId: string;
  mediaVersion: number;
  /** Upright, px. */
  original: { width: number; height: number };
  /** px */
  widths: readonly number[];
  /** Other options that every URL has; a width among them is replaced. */
  options: string;
  sizes: string;
  /** Goes before every path; empty makes URLs of this host. */
  origin: string;
  /** Seconds since 1970. */
  expiresAt: number | undefined;
}

const FALLBACK_WIDTH_PX = 1024;

/** Signed URLs of an image in several widths, none wider than the original (HTML Living Standard §4.8.4.2). */
export async function makeSrcset(order: SrcsetOrder, keys: SigningKeys): Promise<Srcset> {
  const { original, sizes } = order;
  const capped = order.widths.map((width) => Math.min(width, original.width));
  const widths = [...new Set(capped)].sort((a, b) => a - b);
  const urls = await Promise.all(widths.map((width) => urlOf(order, width, keys)));
  const srcset = urls.map((url, index) => `${url} ${widths[index]}w`).join(", ");
  const at = Math.max(
    0,
    widths.findLastIndex((width) => width <= FALLBACK_WIDTH_PX),
  );
  const [src = "", width = 0] = [urls[at], widths[at]];
  const height = Math.max(1, Math.round((original.height * width) / original.width));
  const text = `<img src="${quoted(src)}" srcset="${quoted(srcset)}" sizes="${quoted(sizes)}" width="${width}" height="${height}" alt="">`;
  return { src, srcset, sizes, width, height, html: text };
}

async function urlOf(order: SrcsetOrder, width: number, keys: SigningKeys): Promise<string> {
  const { mediaId, expiresAt, origin, mediaVersion } = order;
  const options = formatOptions({ ...parseOptions(order.options), width });
  const path = await signImagePath({ options, mediaId, expiresAt }, keys);
  return `${origin}${path}${expiresAt === undefined ? "?" : "&"}v=${mediaVersion}`;
}

function quoted(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
