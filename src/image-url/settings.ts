import { z } from "zod";
import { parseOptions } from "./grammar.ts";
import { MAX_URL_SIDE_PX } from "./options.ts";
import { DEFAULT_PRESETS, type ImageUrlPresets } from "./presets.ts";
import type { SigningKeys } from "./signature.ts";

/** How a deployment serves image URLs. */
export interface ImageUrlSettings {
  /** Who may ask for what without a signature: anything, presets only, or nothing. */
  policy: "open" | "presets" | "signed";
  keys: SigningKeys;
  presets: ImageUrlPresets;
  /** px, rising; none leaves widths as they are. */
  widthSteps: number[];
  /** Images that one client may have made a minute; 0 sets no limit. */
  missesPerMinute: number;
  /** Second path of image URLs, without a slash at its end; empty when there is none. */
  mount: string;
  /** Other sites whose images are served by their absolute URLs, such as `https://assets.example.com`. */
  origins: string[];
  /** When the copy of an original that the edge cannot read is made: with its job, or when first asked for. */
  mezzanine: "ingest" | "request";
}

/** The variables that settings are read from. */
export interface ImageUrlVariables {
  IMAGE_URL_POLICY?: string;
  IMAGE_URL_KEY?: string;
  IMAGE_URL_KEY_PREVIOUS?: string;
  IMAGE_URL_PRESETS?: string;
  IMAGE_URL_WIDTH_STEPS?: string;
  IMAGE_URL_MISSES_PER_MINUTE?: string;
  IMAGE_URL_MOUNT?: string;
  IMAGE_URL_ORIGINS?: string;
  IMAGE_URL_MEZZANINE?: string;
}

const key = z.string().min(16, "a signing key has at least 16 characters").optional();

const variables = z.object({
  policy: z.enum(["open", "presets", "signed"]),
  key,
  previousKey: key,
  presets: z.record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/), z.string()),
  widthSteps: z.array(z.coerce.number().int().min(1).max(MAX_URL_SIDE_PX)),
  missesPerMinute: z.coerce.number().int().min(0).max(100_000),
  origins: z.array(
    z.string().refine((text) => /^https?:/.test(text) && URL.parse(text)?.origin === text, {
      message: "an origin such as https://assets.example.com, without a path",
    }),
  ),
  mezzanine: z.enum(["ingest", "request"]),
  mount: z.string().regex(/^(\/[\w.-]+)*$/, "a path such as /cdn-cgi/image"),
});

/**
 * Checks the variables of image URLs. Throws with the name of the one that is wrong, a preset's options among them.
 *
 * @param tokenSecret the key is derived from it when none is set
 */
export function imageUrlSettings(env: ImageUrlVariables, tokenSecret: string): ImageUrlSettings {
  const read = variables.parse({
    policy: env.IMAGE_URL_POLICY || "signed",
    key: env.IMAGE_URL_KEY || undefined,
    previousKey: env.IMAGE_URL_KEY_PREVIOUS || undefined,
    presets: JSON.parse(env.IMAGE_URL_PRESETS || "{}"),
    widthSteps: (env.IMAGE_URL_WIDTH_STEPS ?? "").split(",").filter((step) => step.trim() !== ""),
    missesPerMinute: env.IMAGE_URL_MISSES_PER_MINUTE || "120",
    mount: env.IMAGE_URL_MOUNT ?? "/cdn-cgi/image",
    mezzanine: env.IMAGE_URL_MEZZANINE || "ingest",
    origins: (env.IMAGE_URL_ORIGINS ?? "").split(/[,\s]+/).filter((origin) => origin !== ""),
  });
  for (const segment of Object.values(read.presets)) parseOptions(segment);
  return {
    policy: read.policy,
    keys: { current: read.key ?? derivedKey(tokenSecret), previous: read.previousKey },
    presets: { ...DEFAULT_PRESETS, ...read.presets },
    widthSteps: read.widthSteps.sort((a, b) => a - b),
    missesPerMinute: read.missesPerMinute,
    mount: read.mount,
    origins: read.origins,
    mezzanine: read.mezzanine,
  };
}

/** A key that signs nothing else: what is signed with the secret itself never verifies as an image URL. */
export function derivedKey(tokenSecret: string): string {
  return `image-url.${tokenSecret}`;
}
