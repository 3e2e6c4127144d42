import type { TaskResult } from "../../../src/video/protocol.ts";
import { probeUrl } from "../run-ffmpeg.ts";
import type { TaskContext } from "../task-context.ts";

/** Learns what the source is, from its headers alone. */
export async function runProbe(context: TaskContext): Promise<TaskResult> {
  context.progress(0, "probing");
  return { kind: "probe", source: await probeUrl(context, context.request.inputUrl) };
}
