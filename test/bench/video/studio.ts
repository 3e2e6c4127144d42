import { readFileSync } from "node:fs";
import type { StreamOutput } from "../../../src/video/output.ts";
import type { SourceDescription } from "../../../src/video/source.ts";
import { startObjectStore } from "../../containers/object-store.ts";
import { postTask, runTask, startTranscoder } from "../../containers/transcoder-process.ts";
import type { Report } from "./progress-error.ts";

/** One transcoder with a store of its own. */
export interface Studio {
  pid: number;
  probe: (file: string) => Promise<SourceDescription>;
  /** Runs a task to its end: how long it took, and what it said of itself on the way. */
  run: (file: string, kind: "stream" | "chunk", output: StreamOutput, own?: object) => Promise<StudioRun>;
  close: () => Promise<void>;
}

interface StudioRun {
  seconds: number;
  reports: Report[];
}

export async function openStudio(env: Record<string, string>): Promise<Studio> {
  const store = await startObjectStore();
  const transcoder = await startTranscoder(env);
  const described = new Map<string, SourceDescription>();
  let count = 0;

  function taskFor(file: string) {
    const bytes = readFileSync(file);
    const attemptId = `bench_${++count}`;
    // Each task finds the store as empty as the first: what was made is not kept.
    store.objects.clear();
    store.objects.set("in", { bytes, type: "video/mp4" });
    const urls = { inputUrl: store.url("in"), outputBaseUrl: store.url(`work/${attemptId}`) };
    const limits = { timeLimitMs: 300_000, maxOutputBytes: 1_000_000_000 };
    return { attemptId, ...urls, inputBytes: bytes.length, ...limits };
  }

  async function probe(file: string): Promise<SourceDescription> {
    const known = described.get(file);
    if (known !== undefined) return known;
    const { source } = await runTask(transcoder, { kind: "probe", ...taskFor(file) }, "probe");
    described.set(file, source);
    return source;
  }

  async function run(file: string, kind: "stream" | "chunk", output: StreamOutput, own: object = {}) {
    const source = await probe(file);
    const task = { kind, ...taskFor(file), source, output, ...own };
    const startedAt = performance.now();
    const since = () => (performance.now() - startedAt) / 1000;
    const reports: Report[] = [];
    const posted = await postTask(transcoder, task);
    void posted
      .seen((event) => {
        if (event.type === "progress") reports.push({ atSeconds: since(), fraction: event.fraction });
        return false;
      })
      .catch(() => undefined);
    const last = (await posted.events()).at(-1);
    if (last?.type !== "done") throw new Error(JSON.stringify(last));
    return { seconds: since(), reports };
  }

  return {
    pid: transcoder.process.pid ?? 0,
    probe,
    run,
    close: async () => {
      await transcoder.stop();
      await store.close();
    },
  };
}
