import { z } from "@hono/zod-openapi";
import { AUDIO_FIELD_FORMATS, audioFields } from "./output/audio-fields.ts";
import { COMMON_FIELD_FORMATS, commonFields } from "./output/common-fields.ts";
import type { OutputFormat } from "./output/formats.ts";
import { PICTURE_FIELD_FORMATS, pictureFields } from "./output/picture-fields.ts";
import { STILL_FIELD_FORMATS, stillFields } from "./output/still-fields.ts";
import { STREAM_FIELD_FORMATS, streamFields } from "./output/stream-fields.ts";
import { VIDEO_FIELD_FORMATS, videoFields } from "./output/video-fields.ts";

/** One output as a client asks for it. Unknown fields are errors; `preset` gives defaults for all the others. */
export const outputSpecification = z
  .strictObject({
    ...commonFields,
    ...pictureFields,
    ...videoFields,
    ...audioFields,
    ...streamFields,
    ...stillFields,
  })
  .openapi("OutputSpecification");

export type OutputSpecification = z.infer<typeof outputSpecification>;

/** The formats that a field means something for; fields that are not here go with all. */
export const FIELD_FORMATS: Partial<Record<keyof OutputSpecification, readonly OutputFormat[]>> = {
  ...COMMON_FIELD_FORMATS,
  ...PICTURE_FIELD_FORMATS,
  ...VIDEO_FIELD_FORMATS,
  ...AUDIO_FIELD_FORMATS,
  ...STREAM_FIELD_FORMATS,
  ...STILL_FIELD_FORMATS,
};
