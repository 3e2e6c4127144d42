import { z } from "@hono/zod-openapi";
import { MediaError } from "../errors.ts";
import { jobFields, parseFields } from "./job-fields.ts";
import { DEFAULT_LOGO, watermarkSpecification } from "./output/watermark-specification.ts";
import { type OutputSpecification, outputSpecification } from "./output-specification.ts";

/** A route that makes one output of what it is sent: its own few fields stand for the output specification. */
export interface Shorthand {
  path: string;
  summary: string;
  fields: z.ZodObject;
  /** @param own what `fields` made of the request */
  outputOf(own: never): OutputSpecification;
}

const EXTENSIONS = { webp: "webp", jpeg: "jpg", png: "png" } as const;

const marking = z.strictObject({
  logo_media_id: z.string().max(64).default(DEFAULT_LOGO),
  /** Of the picture's width. */
  logo_width: watermarkSpecification.shape.width,
  position: watermarkSpecification.shape.position,
  padding: watermarkSpecification.shape.padding,
  opacity: watermarkSpecification.shape.opacity,
  tile: watermarkSpecification.shape.tile,
  format: z.enum(["webp", "jpeg", "png"]).default("webp"),
  quality: outputSpecification.shape.quality,
});

const resizing = z.strictObject({
  width: outputSpecification.shape.width.default(1280),
  height: outputSpecification.shape.height.default(720),
  allow_enlarge: outputSpecification.shape.allow_enlarge,
  quality: outputSpecification.shape.quality,
});

export const SHORTHANDS: readonly Shorthand[] = [
  {
    path: "/v1/images/watermark",
    summary: "Lay a logo over one image, in its own size",
    fields: marking,
    outputOf({ logo_media_id, logo_width, format, quality, ...look }: z.infer<typeof marking>) {
      const watermark = { media_id: logo_media_id, width: logo_width, ...look };
      return { name: `watermarked.${EXTENSIONS[format]}`, format, quality, watermark };
    },
  },
  {
    path: "/v1/videos/resize",
    summary: "Make an MP4 of one video that fits a box, 1280×720 unless it says else",
    fields: resizing,
    outputOf: (own: z.infer<typeof resizing>) => ({ name: "resized.mp4", format: "mp4", ...own }),
  },
];

/** The fields that the routes of shorthands take beside their own: those of a job but what is made. */
export const shorthandFields = jobFields.omit({ output_specifications: true });

/**
 * What a shorthand's request says, as the fields of a job.
 *
 * @throws MediaError `invalid_request` with the path of every field that does not fit
 */
export function expand(
  { fields, outputOf }: Shorthand,
  values: Record<string, unknown>,
): Record<string, unknown> {
  if ("output_specifications" in values) {
    throw new MediaError("invalid_request", "This route makes one output; see errors.", {
      errors: [{ path: "output_specifications", message: "Send jobs of several outputs to /v1/jobs." }],
    });
  }
  const names = new Set(Object.keys(fields.shape));
  const isOwn = ([name]: [string, unknown]) => names.has(name);
  const own = parseFields(fields, Object.fromEntries(Object.entries(values).filter(isOwn)));
  const rest = Object.fromEntries(Object.entries(values).filter((entry) => !isOwn(entry)));
  return { ...rest, output_specifications: [outputOf(own as never)] };
}

/** As {@link expand}, of the text fields of a form: numbers, words and JSON. */
export function expandForm(shorthand: Shorthand, form: ReadonlyMap<string, string>): Map<string, string> {
  const own = new Set(Object.keys(shorthand.fields.shape));
  const values = Object.fromEntries(
    [...form].map(([name, text]) => [name, own.has(name) ? typedValue(text) : text]),
  );
  const { output_specifications, ...rest } = expand(shorthand, values);
  return new Map([
    ...(Object.entries(rest) as [string, string][]),
    ["output_specifications", JSON.stringify(output_specifications)],
  ]);
}

/** A part of a form is text: what reads like a number, a truth value or an object is one. */
function typedValue(text: string): unknown {
  if (!/^(-?[\d.]+|true|false|\{.*\})$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
