import type { ImageFormat } from "../image/output.ts";
import { formatOptions } from "./grammar.ts";
import type { ImageUrlOptions } from "./options.ts";

/** Everything that decides the bytes of a derivative. */
export interface DerivativeIdentity {
  mediaId: string;
  /** Goes up when the media is replaced, so that old derivatives are never found again. */
  mediaVersion: number;
  options: ImageUrlOptions;
  /** The negotiated format: caches that ignore `Vary` would otherwise give the first client's format to everyone. */
  format: ImageFormat;
}

const EXTENSIONS = { webp: "webp", jpeg: "jpg", png: "png" } satisfies Record<ImageFormat, string>;

/** The key under which a derivative is cached and made once: equal identities give equal keys. */
export function derivativeKey(identity: DerivativeIdentity): string {
  return `${identity.mediaId}/${identity.mediaVersion}/${canonicalName(identity)}`;
}

/** Where the derivative lies in R2: `derived/<media>/<version>/<canonical options>.<extension>`. */
export function derivedObjectKey(identity: DerivativeIdentity): string {
  return `derived/${derivativeKey(identity)}`;
}

/** Where all derivatives of a media lie, for deleting them; of one version when it is given. */
export function derivedObjectPrefix(mediaId: string, mediaVersion?: number): string {
  return mediaVersion === undefined ? `derived/${mediaId}/` : `derived/${mediaId}/${mediaVersion}/`;
}

/** `format` is said by the extension, so that `auto` and an explicit format share their derivative. */
function canonicalName({ options, format }: DerivativeIdentity): string {
  const canonical = formatOptions({ ...options, fit: options.fit ?? "scale-down", format: undefined });
  return `${canonical}.${EXTENSIONS[format]}`;
}
