import { afterAll, beforeAll } from "vitest";
import type { ImageOutput } from "../../src/image/output.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import type { StreamOutput } from "../../src/video/output.ts";
import type { SourceDescription } from "../../src/video/source.ts";
import { type ObjectStore, startObjectStore } from "./object-store.ts";
import { runTask, startTranscoder, type Transcoder } from "./transcoder-process.ts";

/** A transcoder and a store, running for the tests of one file. */
export interface Studio {
  transcoder: Transcoder;
  store: ObjectStore;
  /** The fields that every task has, for an input that is put into the store. */
  task: (input: Buffer, limits?: { timeLimitMs?: number; maxOutputBytes?: number }) => BaseTask;
  probe: (input: Buffer) => Promise<SourceDescription>;
  /** Bytes stored by a task under a path. */
  output: (task: BaseTask, path: string) => Buffer;
}

export interface BaseTask {
  attemptId: string;
  inputUrl: string;
  inputBytes: number;
  outputBaseUrl: string;
  timeLimitMs: number;
  maxOutputBytes: number;
}

/** A server starts in a second; on a machine that is busy with other suites, in many. */
const START_MS = 60_000;

/** `args` start another copy of the server than that of this repository. */
export function useStudio(env: Record<string, string> = {}, args?: readonly string[]): Studio {
  const studio = {} as Studio;
  let count = 0;
  beforeAll(async () => {
    studio.store = await startObjectStore();
    studio.transcoder = await startTranscoder(env, args);
  }, START_MS);
  afterAll(async () => {
    await studio.transcoder.stop();
    await studio.store.close();
  });
  studio.task = (input, limits = {}) => {
    const attemptId = `tsk_${++count}.1`;
    studio.store.objects.set(`in/${attemptId}`, { bytes: input, type: "application/octet-stream" });
    return {
      attemptId,
      inputUrl: studio.store.url(`in/${attemptId}?token=secret`),
      inputBytes: input.length,
      outputBaseUrl: studio.store.url(`work/${attemptId}`),
      timeLimitMs: 60_000,
      maxOutputBytes: 100_000_000,
      ...limits,
    };
  };
  studio.probe = async (input) => {
    const { source } = await runTask(studio.transcoder, { kind: "probe", ...studio.task(input) }, "probe");
    return source;
  };
  studio.output = (task, path) => {
    const object = studio.store.objects.get(`work/${task.attemptId}/${path}`);
    if (object === undefined) throw new Error(`${path} was not stored.`);
    return object.bytes;
  };
  return studio;
}

export const mp4: FileOutput = {
  format: "mp4",
  name: "web.mp4",
  allowEnlarge: false,
  crf: 23,
  audioKbps: 96,
  encoderPreset: "ultrafast",
};

export const hls: StreamOutput = {
  format: "hls",
  name: "stream",
  variants: [
    { shortSidePx: 120, videoKbps: 150, audioKbps: 64 },
    { shortSidePx: 240, videoKbps: 400, audioKbps: 96 },
    { shortSidePx: 720, videoKbps: 2500, audioKbps: 128 },
  ],
  segmentSeconds: 2,
  crf: 23,
  encoderPreset: "ultrafast",
};

export const image: ImageOutput = {
  name: "small.jpg",
  format: "jpeg",
  width: 160,
  height: 160,
  resizeMode: "fit",
  allowEnlarge: false,
  position: { x: 0.5, y: 0.5 },
  background: [255, 255, 255, 255],
  quality: 80,
};
