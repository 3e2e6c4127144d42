import { readPacketTimes } from "../../../src/video/describe-details.ts";
import { firstFrameProbeArgs, keyframeProbeArgs } from "../../../src/video/ffmpeg-args.ts";
import { readHdrLight } from "../../../src/video/hdr-light.ts";
import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import type { SourceDescription } from "../../../src/video/source.ts";
import { isPq } from "../../../src/video/video-filters.ts";
import { measureComplexity } from "../measure-complexity.ts";
import { withLength } from "../measure-length.ts";
import { probeUrl, readFfprobe } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

/** Above this rate, reading some seconds for their keyframes costs more than it tells. */
const MAX_SCANNED_KBPS = 20_000;

type ProbeRequest = Extract<TaskRequest, { kind: "probe" }>;

/** Learns what the source is, from its headers and the first of its packets, and if asked how hard it is to encode. */
export async function runProbe(context: TaskContext, request: ProbeRequest): Promise<TaskResult> {
  context.progress(0, "probing");
  const told = await probeUrl(context, request.inputUrl);
  const source = await withLight(context, await withPacketTimes(context, await withLength(context, told)));
  if (source.video === undefined || !request.measureComplexity) return { kind: "probe", source };
  const learned = await measureComplexity(context, source, source.video);
  return { kind: "probe", source: { ...source, video: { ...source.video, ...learned } } };
}

/** Encoders that keep HDR pass on what the bitstream says of the light; a file need not say anything. */
async function withLight(context: TaskContext, source: SourceDescription): Promise<SourceDescription> {
  const { video } = source;
  if (video === undefined || !isPq(video)) return source;
  const json = await readFfprobe(context, firstFrameProbeArgs(context.request.inputUrl)).catch(() => {
    context.signal.throwIfAborted();
    return "{}";
  });
  const light = readHdrLight(parseJson(json));
  return light === undefined ? source : { ...source, video: { ...video, light } };
}

/** ffprobe leaves its JSON unfinished when it gives up. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function withPacketTimes(context: TaskContext, source: SourceDescription): Promise<SourceDescription> {
  const { video, bitrateKbps = Number.POSITIVE_INFINITY } = source;
  if (video === undefined || bitrateKbps > MAX_SCANNED_KBPS) return source;
  const args = keyframeProbeArgs(context.request.inputUrl);
  // Whatever is wrong with the packets, the encoder will say it better.
  const csv = await readFfprobe(context, args).catch(() => {
    context.signal.throwIfAborted();
    return "";
  });
  const { keyframeSeconds, irregular } = readPacketTimes(csv);
  return {
    ...source,
    video: {
      ...video,
      ...(keyframeSeconds !== undefined && { keyframeSeconds }),
      // A container that names a rate and leaves frames out; the fields of interlaced video have times of their own.
      ...(irregular && !video.interlaced && { variableFrameRate: true }),
    },
  };
}
