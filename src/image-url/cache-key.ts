import { MediaError } from "../errors.ts";
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

const EXTENSIONS = { webp: "webp", jpeg: "jpg", png: "png", avif: "avif", gif: "gif" } satisfies Record<
  ImageFormat,
  string
>;

/** R2 takes keys of 1,024 bytes; the rest of the key is media, version and extension. */
const MAX_NAME_CHARACTERS = 800;

/** The key under which a derivative is cached and made once: equal identities give equal keys. */
export function derivativeKey(identity: DerivativeIdentity): string {
  return `${identity.mediaId}/${identity.mediaVersion}/${canonicalName(identity)}`;
}

/** Where the derivative lies in R2: `derived/<media>/<version>/<canonical options>.<extension>`. */
export function derivedObjectKey(identity: DerivativeIdentity): string {
  return `derived/${derivativeKey(identity)}`;
}

/** The same of a media's mezzanine, which no options can name. */
export function mezzanineKey(mediaId: string, mediaVersion: number): string {
  return `${mediaId}/${mediaVersion}/mezzanine`;
}

/** Where the mezzanine lies in R2. */
export function mezzanineObjectKey(mediaId: string, mediaVersion: number): string {
  return `derived/${mezzanineKey(mediaId, mediaVersion)}`;
}

/** Where all derivatives of a media lie, for deleting them; of one version when it is given. */
export function derivedObjectPrefix(mediaId: string, mediaVersion?: number): string {
  return mediaVersion === undefined ? `derived/${mediaId}/` : `derived/${mediaId}/${mediaVersion}/`;
}

/** The file extension of a format, without the dot. */
export function extensionOf(format: ImageFormat): string {
  return EXTENSIONS[format];
}

/**
 * `format` is said by the extension, so that `auto` and an explicit format share their derivative; what decides nothing
 * about the bytes is left out.
 *
 * @throws MediaError `invalid_image_url` when it is longer than any sensible URL
 */
function canonicalName({ options, format }: DerivativeIdentity): string {
  const canonical = formatOptions({
    ...options,
    fit: options.fit ?? "scale-down",
    dpr: options.dpr === 1 ? undefined : options.dpr,
    format: options.format === "baseline-jpeg" ? "baseline-jpeg" : undefined,
    anim: options.anim === true ? undefined : options.anim,
    compression: undefined,
    metadata: options.metadata === "none" ? undefined : options.metadata,
    onerror: undefined,
    preset: undefined,
  });
  if (canonical.length > MAX_NAME_CHARACTERS)
    throw new MediaError("invalid_image_url", "There are too many options in this URL.");
  return `${canonical}.${EXTENSIONS[format]}`;
}
