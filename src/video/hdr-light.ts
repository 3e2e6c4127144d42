import { z } from "zod";

const point = z.tuple([z.number(), z.number()]);

/** The light that an HDR10 picture was graded for (SMPTE ST 2086, CTA-861.3): CIE 1931 x and y, and nits. */
export const hdrLight = z.object({
  display: z
    .object({
      red: point,
      green: point,
      blue: point,
      white: point,
      minNits: z.number().nonnegative(),
      maxNits: z.number().positive(),
    })
    .optional(),
  /** Of the brightest pixel, and of the brightest frame on average. */
  content: z.object({ maxNits: z.int().nonnegative(), averageNits: z.int().nonnegative() }).optional(),
});
export type HdrLight = z.infer<typeof hdrLight>;

const ratio = z
  .string()
  .regex(/^\d{1,10}\/[1-9]\d{0,9}$/)
  .transform((text) => {
    const [numerator = 0, denominator = 1] = text.split("/").map(Number);
    return numerator / denominator;
  });

/** What `ffprobe -show_frames` prints of the light, once for a frame that carries it. */
const display = z
  .object({
    ...{ red_x: ratio, red_y: ratio, green_x: ratio, green_y: ratio, blue_x: ratio, blue_y: ratio },
    ...{ white_point_x: ratio, white_point_y: ratio, min_luminance: ratio, max_luminance: ratio },
  })
  .transform((told) => ({
    red: [told.red_x, told.red_y],
    green: [told.green_x, told.green_y],
    blue: [told.blue_x, told.blue_y],
    white: [told.white_point_x, told.white_point_y],
    minNits: told.min_luminance,
    maxNits: told.max_luminance,
  }));
const content = z
  .object({ max_content: z.int(), max_average: z.int() })
  .transform((told) => ({ maxNits: told.max_content, averageNits: told.max_average }));
const frames = z.object({
  frames: z.array(z.object({ side_data_list: z.array(z.unknown()).default([]) })).min(1),
});

/** The light that the first frame carries; undefined where it tells none, or nothing that makes sense. */
export function readHdrLight(ffprobeJson: unknown): HdrLight | undefined {
  const sideData = frames.safeParse(ffprobeJson).data?.frames[0]?.side_data_list ?? [];
  const light = hdrLight.safeParse({
    display: sideData.map((entry) => display.safeParse(entry).data).find((found) => found !== undefined),
    content: sideData.map((entry) => content.safeParse(entry).data).find((found) => found !== undefined),
  }).data;
  return light?.display === undefined && light?.content === undefined ? undefined : light;
}
