import { fileTypeFromBuffer } from "file-type";
import { MediaError } from "../errors.ts";
import { detectImageFormat } from "../image/probe/detect.ts";
import { isSvg } from "../image/probe/svg-root.ts";
import type { MediaKind } from "./record.ts";

/** Bytes from the start of a file that decide what it is. */
export const SNIFF_BYTES = 4100;

export interface SniffedType {
  kind: MediaKind;
  /** MIME type. */
  type: string;
}

const VIDEO_CONTAINERS: Record<string, string> = {
  "application/ogg": "video/ogg",
  "application/mxf": "application/mxf",
  "application/vnd.ms-asf": "video/x-ms-asf",
};

/**
 * What a file is, by its magic bytes; the name and the declared type are only compared with it.
 *
 * @param head the first {@link SNIFF_BYTES} of the file, or all of a shorter one.
 * @throws MediaError `unsupported_type` when it is no image, video or sound that can be processed,
 * `type_mismatch` when it says that it is one.
 */
export async function sniffType(
  head: Uint8Array,
  filename: string,
  declaredType: string,
): Promise<SniffedType> {
  const found = await findType(head);
  const type = found && (VIDEO_CONTAINERS[found.mime] ?? found.mime);
  const kind = type && kindOf(type);
  const claimed = claimedKind(filename, declaredType);
  if (!type || !kind) {
    if (claimed) throw mismatch(filename, claimed, type);
    throw new MediaError(
      "unsupported_type",
      `The file ${quote(filename)} is ${type ?? "of no known media type"}; images, videos and sound can be processed.`,
    );
  }
  if (claimed && isPicture(claimed) !== isPicture(kind)) throw mismatch(filename, claimed, type);
  return { kind, type };
}

/** A TIFF's directory mostly lies behind its pixels, where the kinds of TIFF that it could tell apart are not seen. */
async function findType(head: Uint8Array): Promise<{ mime: string } | undefined> {
  if (isSvg(head)) return { mime: "image/svg+xml" };
  return (
    (await fileTypeFromBuffer(head)) ??
    (detectImageFormat(head) === "tiff" ? { mime: "image/tiff" } : undefined)
  );
}

function kindOf(type: string): MediaKind | undefined {
  if (type.startsWith("image/")) return "image";
  if (type.startsWith("video/") || type === "application/mxf") return "video";
  // Notes to be played, and no sound.
  if (type.startsWith("audio/") && type !== "audio/midi") return "audio";
  return undefined;
}

/** Containers of video can hold sound alone, so of those two either may be claimed of either. */
function isPicture(kind: MediaKind): boolean {
  return kind === "image";
}

const EXTENSIONS: Record<MediaKind, RegExp> = {
  image: /\.(jpe?g|png|webp|gif|avif|hei[cf]|tiff?|bmp|svg)$/i,
  video: /\.(mp4|m4v|mov|mkv|webm|avi|ts|m2ts|mts|flv|3gp|mpe?g|ogv|mxf|wmv)$/i,
  audio: /\.(mp3|m4a|m4b|aac|ogg|oga|opus|flac|wav|aiff?|wma|caf|amr|ac3|mka)$/i,
};

/** What the name says, or else the declared type; undefined when neither names a kind. */
function claimedKind(filename: string, declaredType: string): MediaKind | undefined {
  for (const kind of ["image", "video", "audio"] as const) if (EXTENSIONS[kind].test(filename)) return kind;
  return kindOf(declaredType);
}

function mismatch(filename: string, claimed: MediaKind, type: string | undefined): MediaError {
  return new MediaError(
    "type_mismatch",
    `${quote(filename)} is sent as ${WORDS[claimed]}, but its bytes are ${type ?? "not of any media type"}.`,
  );
}

const WORDS: Record<MediaKind, string> = { image: "an image", video: "a video", audio: "sound" };

function quote(filename: string): string {
  return JSON.stringify(filename.slice(0, 100));
}
