import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ask, emptyStorage, keyFor, prepareDatabase } from "../fixtures/app.ts";
import { claimOne, submit } from "../fixtures/jobs.ts";

let admin: { Authorization: string };

beforeAll(async () => {
  await prepareDatabase();
  admin = await keyFor("operator", ["admin"]);
});
beforeEach(emptyStorage);

interface Workers {
  workers: { name: string; size: string; state: string; measured_at: string | null; tasks: unknown[] }[];
  lanes: Record<string, unknown>[];
  breakers: Record<string, unknown>[];
}

async function workers(query = ""): Promise<Workers> {
  const response = await ask(`/v1/workers${query}`, { headers: admin });
  expect(response.status).toBe(200);
  return (await response.json()) as Workers;
}

describe("what the workers do", () => {
  it("is told of every slot, and a sleeping one is not woken for it", async () => {
    const { workers: slots } = await workers();
    expect(slots).toMatchObject([
      {
        name: "slot-1",
        size: "standard",
        state: "idle",
        tasks: [],
        measured_at: null,
        encoders: [],
        decodes_bmp: null,
      },
      { name: "slot-2", size: "standard", state: "idle", memory: null, accepts_work: null },
      { name: "large-1", size: "large", state: "idle", disk: null, cpu_percent: null },
    ]);
  });

  it("is asked of the containers on demand; one that does not answer has failed", {
    timeout: 20_000,
  }, async () => {
    const { workers: slots } = await workers("?deep=1");
    expect(slots.map(({ state }) => state)).toEqual(["failed", "failed", "failed"]);
  });

  it("is told of every lane, with its oldest task and by how much it is late", async () => {
    await submit({ priority: "urgent", createdAtMs: Date.now() - 45_000 });
    await submit({ priority: "low", createdAtMs: Date.now() - 90_000 });
    await submit({ tasks: [{ lane: "io" }] });
    await claimOne(Date.now(), "io");
    const { lanes } = await workers();
    expect(lanes.map((lane) => lane.lane)).toEqual(["edge", "container-short", "container-long", "io"]);
    expect(lanes[0]).toMatchObject({
      leased: 0,
      load: 0,
      ready: { urgent: 1, high: 0, normal: 0, low: 1 },
    });
    expect(lanes[0]?.oldest_seconds).toBeGreaterThanOrEqual(90);
    expect(lanes[0]?.over_sla_seconds).toBeGreaterThanOrEqual(15);
    expect(lanes[0]?.over_sla_seconds).toBeLessThan(30);
    expect(lanes[2]).toMatchObject({ capacity: 3, oldest_seconds: null, over_sla_seconds: 0 });
    expect(lanes[3]).toMatchObject({ leased: 1, capacity: 250, load: 0.004 });
  });

  it("is told of the breakers", async () => {
    expect((await workers()).breakers).toEqual(
      expect.arrayContaining([
        { dependency: "storage", state: "closed", failures: 0, open_until: null },
        { dependency: "d1", state: "closed", failures: 0, open_until: null },
      ]),
    );
  });

  it("is for administrators, and for requests that say nothing unknown", async () => {
    const writer = await keyFor("anna");
    expect((await ask("/v1/workers", { headers: writer })).status).toBe(403);
    expect((await ask("/v1/workers")).status).toBe(401);
    expect((await ask("/v1/workers?depth=9", { headers: admin })).status).toBe(422);
  });
});
