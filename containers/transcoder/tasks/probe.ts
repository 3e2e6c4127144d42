import type { TaskRequest, TaskResult } from "../../../src/video/protocol.ts";
import { measureComplexity } from "../measure-complexity.ts";
import { probeUrl } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

type ProbeRequest = Extract<TaskRequest, { kind: "probe" }>;

/** Learns what the source is from its headers, and if asked how hard its picture is to encode. */
export async function runProbe(context: TaskContext, request: ProbeRequest): Promise<TaskResult> {
  context.progress(0, "probing");
  const source = await probeUrl(context, request.inputUrl);
  const complexity = request.measureComplexity ? await measureComplexity(context, source) : undefined;
  if (source.video === undefined || complexity === undefined) return { kind: "probe", source };
  return { kind: "probe", source: { ...source, video: { ...source.video, complexity } } };
}
