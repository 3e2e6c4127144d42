import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDarkroomClient } from "../../../src/client/client.ts";
import { startStack } from "../../../src/local/stack.ts";
import { percentile, type Row } from "../row.ts";

const WARM_UPS = 3;
const GOAL_MS = 100;

/** From the first byte of a photo sent to the start of its task, one photo after the other with nothing else to do. */
export async function measureIdle(photos: readonly Uint8Array<ArrayBuffer>[]): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "darkroom-idle-"));
  const stack = await startStack({ stateDir: join(dir, "state"), transcoder: "process" });
  try {
    const client = createDarkroomClient({ baseUrl: stack.url, key: stack.key });
    const waitsMs: number[] = [];
    for (const photo of photos) {
      const sentAtMs = Date.now();
      const file = new Blob([photo]);
      const accepted = await client.createJob({
        file,
        filename: "photo.jpg",
        outputs: [{ preset: "thumbnail" }],
      });
      const job = await client.watchJob(accepted.job_id, { token: accepted.watch_token });
      waitsMs.push(Date.parse(job.started_at ?? "") - sentAtMs);
    }
    const counted = waitsMs.slice(WARM_UPS);
    return [0.5, 0.95].map((share): Row => {
      return {
        case: "1 MP JPEG, submit to start, idle stack",
        metric: `p${share * 100} ms of ${counted.length}`,
        ours: percentile(counted, share),
        reference: null,
        ratio: null,
        goal: share === 0.5 ? GOAL_MS : null,
        better: "lower",
      };
    });
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
