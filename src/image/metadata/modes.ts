import { z } from "zod";

/**
 * What can be kept of a source by name. Each is a set of EXIF tags (`exif-tags.ts`), but for `xmp` and `iptc`, which
 * are blocks of their own and kept whole.
 */
export const METADATA_FIELDS = [
  "copyright",
  "artist",
  "description",
  "software",
  "make",
  "model",
  "lens",
  "exposure",
  "iso",
  "flash",
  "focal_length",
  "white_balance",
  "resolution",
  "date_taken",
  "owner",
  "serial_numbers",
  "gps",
  "xmp",
  "iptc",
] as const;
export type MetadataField = (typeof METADATA_FIELDS)[number];

/**
 * How much of a source's metadata goes into an output: nothing; what tells of the camera, its settings, the software
 * and the copyright, but not where, when, by whom or with which very device; everything but thumbnails; or some
 * fields by name.
 */
export const METADATA_MODES = ["strip_all", "preserve_technical", "preserve_all"] as const;

export const metadataChoice = z.union([
  z.enum(METADATA_MODES),
  z.strictObject({ keep: z.array(z.enum(METADATA_FIELDS)).min(1).max(METADATA_FIELDS.length) }),
]);
export type MetadataChoice = z.infer<typeof metadataChoice>;

/** What `preserve_technical` keeps. */
export const TECHNICAL_FIELDS: readonly MetadataField[] = [
  "copyright",
  "software",
  "make",
  "model",
  "lens",
  "exposure",
  "iso",
  "flash",
  "focal_length",
  "white_balance",
  "resolution",
];
