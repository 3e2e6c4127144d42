import { MediaError } from "../errors.ts";
import { parseOptions } from "./grammar.ts";
import { type ImageUrlOptions, MAX_URL_SIDE_PX } from "./options.ts";
import { expandPreset, isPresetOnly } from "./presets.ts";
import type { ImageUrlSettings } from "./settings.ts";
import { signatureOf, verifyImagePath } from "./signature.ts";

/** What an image URL asks for, once it is clear that it may. */
export interface AskedImage {
  /** Presets expanded. */
  options: ImageUrlOptions;
  mediaId: string;
  /** What the client wants the file to be called, if the URL ends with it. */
  filename: string | undefined;
  /** When the URL stops working, seconds since 1970. */
  expiresAt: number | undefined;
  /** Somebody with the key vouches for the URL. */
  isSigned: boolean;
  /** The version of the media that the URL names with `?v=`. */
  version: number | undefined;
}

/**
 * Reads the part of an image URL behind its mount: `[s--<signature>/]<options>/<media id>[/<any file name>]`. The
 * signature is checked before anything is parsed.
 *
 * @param segments still percent-encoded
 * @throws MediaError `not_found` for another form of path, `forbidden` for a signature that is missing, wrong or late,
 *   `invalid_image_url`
 */
export async function readAskedImage(
  segments: readonly string[],
  query: URLSearchParams,
  settings: ImageUrlSettings,
  nowSeconds: number,
): Promise<AskedImage> {
  const signature = signatureOf(segments[0] ?? "");
  const [segment, mediaId, filename, ...rest] = signature === undefined ? segments : segments.slice(1);
  if (segment === undefined || !mediaId || rest.length > 0) {
    throw new MediaError("not_found", "An image URL is /img/<options>/<media id>, such as /img/w=400/med_….");
  }
  const exp = query.get("exp");
  // Without a signature nothing vouches for it, and it would only shorten how long anybody may keep the image.
  const isTime = signature !== undefined && exp !== null && /^\d{1,12}$/.test(exp);
  const expiresAt = isTime ? Number(exp) : undefined;
  if (signature !== undefined || settings.policy === "signed") {
    const path = { options: segment, mediaId, expiresAt };
    await verifyImagePath(path, signature ?? "", settings.keys, nowSeconds);
  }
  const written = parseOptions(segment);
  if (signature === undefined && settings.policy === "presets" && !isPresetOnly(written)) {
    throw new MediaError(
      "forbidden",
      "Without a signature, only presets are served here: /img/preset=<name>/….",
    );
  }
  const options = expandPreset(written, settings.presets);
  if (signature === undefined && options.metadata === "keep")
    throw new MediaError("forbidden", "metadata=keep tells where a photo was taken: it needs a signed URL.");
  checkSides(options);
  const version = /^\d{1,9}$/.test(query.get("v") ?? "") ? Number(query.get("v")) : undefined;
  return {
    options,
    mediaId,
    filename: filename && decoded(filename),
    expiresAt,
    isSigned: signature !== undefined,
    version,
  };
}

/** What `dpr` makes of the sides must keep to the limit, too. */
function checkSides({ width, height, dpr = 1 }: ImageUrlOptions): void {
  const longest = Math.max(typeof width === "number" ? width : 0, height ?? 0);
  if (longest * dpr <= MAX_URL_SIDE_PX) return;
  throw new MediaError(
    "invalid_image_url",
    `${longest} px at dpr ${dpr} is more than ${MAX_URL_SIDE_PX} px.`,
  );
}

/** A name that is not valid percent-encoding is taken as it was sent. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
