import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { configOf, type Env } from "../../src/config.ts";
import { refuseOverload } from "../../src/submission/refuse-overload.ts";
import { emptyStorage, keyFor, prepareDatabase, rowCounts, testEnv } from "../fixtures/app.ts";
import { fileOf, photo } from "../fixtures/images.ts";
import { rowsOf, submit } from "../fixtures/jobs.ts";
import { file, send } from "./sending.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

/** A deployment in which three low tasks may wait in a lane. */
const small = { ...testEnv, MAX_WAITING_LOW: "3" } as Env;

describe("low-priority work", () => {
  it("is refused while as much of it waits as may, with the time to come back", async () => {
    const planned = [];
    for (let n = 0; n < 3; n++) {
      const next = await submit({ priority: "low" });
      planned.push(next);
      if (n < 2) await refuseOverload(small, next);
    }
    const refusal = await refuseOverload(small, planned[0] ?? (await submit())).catch((error) => error);
    expect(refusal).toMatchObject({
      code: "overloaded",
      status: 429,
      headers: { "Retry-After": "60" },
      message: "3 low-priority tasks or more are waiting already.",
    });
    // Nothing that was accepted is dropped.
    expect(await rowsOf("tasks", "state = 'ready'")).toHaveLength(3);
  });

  it("is let in again when some of it has gone", async () => {
    for (let n = 0; n < 3; n++) await submit({ priority: "low" });
    await testEnv.DB.prepare("UPDATE tasks SET state = 'done' WHERE rowid = 1").run();
    const next = await submit({ priority: "low", tasks: [{ lane: "io" }] });
    await refuseOverload(small, { ...next, tasks: [{ ...firstOf(next.tasks), lane: "edge" }] });
  });

  it("of videos is measured by the encodes that wait, not by the probes", async () => {
    for (let n = 0; n < 3; n++)
      await submit({ priority: "low", tasks: [{ lane: "container-long", kind: "stream" }] });
    const video = await submit({
      kind: "video",
      priority: "low",
      tasks: [{ lane: "container-short", kind: "probe" }],
    });
    await expect(refuseOverload(small, video)).rejects.toMatchObject({ code: "overloaded" });
  });

  it("alone is refused: everybody else goes first and is let in", async () => {
    for (let n = 0; n < 9; n++) await submit({ priority: "low" });
    for (const priority of ["urgent", "high", "normal"] as const) {
      await refuseOverload(small, await submit({ priority }));
    }
    expect((await rowCounts()).jobs).toBe(12);
  });

  it("has room for thousands by default; the next is told so over HTTP, and nothing of it stays", async () => {
    // They are due in an hour, so that nobody begins with them here.
    const tasks = Array.from({ length: configOf(testEnv).maxWaitingLow }, () => ({}));
    await submit({ priority: "low", createdAtMs: Date.now() + 3_600_000, tasks });
    const before = await rowCounts();
    const key = await keyFor("anna");
    const photoFile = await fileOf(photo(16, 16), "jpeg");
    const refused = await send(key, [file(photoFile), { name: "priority", body: "low" }]);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("Retry-After")).toBe("60");
    expect(await refused.json()).toMatchObject({ type: "/problems/overloaded", status: 429 });
    expect(await rowCounts()).toEqual(before);
    const { status } = await send(key, [file(photoFile), { name: "priority", body: "high" }]);
    expect(status).toBe(201);
  });
});

function firstOf<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined) throw new Error("there is none");
  return first;
}
