import { z } from "@hono/zod-openapi";
import { type FileOutput, fileOutput } from "../video/file-output.ts";
import { planFile } from "../video/file-plan.ts";
import { streamOutput } from "../video/output.ts";
import { type SourceDescription, sourceDescription } from "../video/source.ts";
import { planStream } from "../video/stream-plan.ts";
import type { TaskRow } from "./claimed-task.ts";

export const rendition = z.object({
  id: z.string(),
  width: z.int(),
  height: z.int(),
  video_kbps: z.number().optional(),
  audio_kbps: z.number().optional(),
  container: z.string().optional(),
  video_codec: z.string().optional(),
  audio_codec: z.string().nullable().optional().openapi({ description: "Null: the source has no sound" }),
  frame_rate: z.number().optional(),
  duration: z.number().optional().openapi({ description: "seconds" }),
  crf: z.number().optional(),
  every_second_frame: z.boolean().optional(),
});

export const streamSpec = z.object({ output: streamOutput, source: sourceDescription });
const filmSpec = z.object({ output: fileOutput, source: sourceDescription });

/** A ladder follows from source and output; a task that was planned by an older version may have none. */
export function renditionsOf({ kind, spec }: Pick<TaskRow, "kind" | "spec">): {
  renditions?: z.infer<typeof rendition>[];
} {
  if (kind === "audio") return {};
  const stream = streamSpec.safeParse(spec);
  if (stream.success) {
    const { output } = stream.data;
    return {
      renditions: planStream(stream.data.source, output).renditions.map(
        ({ id, width, height, videoKbps, audioKbps, crf, everySecondFrame }) => ({
          ...{ id, width, height, video_kbps: videoKbps, audio_kbps: audioKbps, crf: crf ?? output.crf },
          ...(everySecondFrame && { every_second_frame: true }),
        }),
      ),
    };
  }
  const film = filmSpec.safeParse(spec);
  if (!film.success) return {};
  return { renditions: [describeFile(film.data.source, film.data.output)] };
}

/** What was decided for a file: where the specification says nothing, by its container and its source. */
function describeFile(source: SourceDescription, output: FileOutput): z.infer<typeof rendition> {
  const { layout, audio, cut, video } = planFile(source, output);
  return {
    id: output.name,
    ...layout.size,
    video_kbps: output.targetVideoKbps,
    audio_kbps: audio?.kbps,
    container: output.format,
    video_codec: output.videoCodec ?? "h264",
    audio_codec: audio === undefined ? null : (output.audioCodec ?? "aac"),
    frame_rate: output.frameRate ?? video.frameRate,
    duration: cut.durationSeconds,
  };
}
