import type { ImageFormat } from "../image/output.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { ImageUrlOptions } from "./options.ts";

export interface Negotiated {
  format: ImageFormat;
  /** What this client would rather have, when it is there: dear to make, so nobody is kept waiting for it. */
  better?: ImageFormat;
  /** The answer depends on the Accept header, so it must say `Vary: Accept` and the cache key must hold the format. */
  varies: boolean;
}

/**
 * The format of one answer. An explicit format wins. `auto` (and no format at all) is WebP for clients that name it,
 * else JPEG, or PNG where the source has transparency that JPEG would lose; `compression=fast` is never WebP.
 *
 * A client that names AVIF is told of it as the better one, but for what moves: our AVIF is still.
 *
 * Only a client that names `image/webp` gets it (RFC 9110 §12.5.1): wildcards are sent by clients that cannot show
 * it, and `q=0` refuses it.
 *
 * @param accept the Accept header, null when there is none
 */
export function negotiateFormat(
  { format, compression, anim }: Pick<ImageUrlOptions, "format" | "compression" | "anim">,
  accept: string | null,
  source: Pick<ImageProbe, "hasAlpha" | "animated">,
): Negotiated {
  if (format === "baseline-jpeg") return { format: "jpeg", varies: false };
  if (format !== undefined && format !== "auto" && format !== "json") return { format, varies: false };
  const plain = source.hasAlpha ? "png" : "jpeg";
  if (compression === "fast") return { format: plain, varies: false };
  const moves = source.animated && anim !== false;
  const better = !moves && acceptsByName(accept ?? "", "image/avif") ? ({ better: "avif" } as const) : {};
  return { format: acceptsByName(accept ?? "", "image/webp") ? "webp" : plain, varies: true, ...better };
}

/** Longest Accept header that is looked at, characters; browsers send about 150. */
const MAX_ACCEPT_CHARACTERS = 2048;

function acceptsByName(accept: string, type: string): boolean {
  return accept
    .slice(0, MAX_ACCEPT_CHARACTERS)
    .split(",")
    .some((range) => {
      const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      return name === type && !parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter));
    });
}
