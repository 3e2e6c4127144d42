import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LaneState, loadOf, overSlaMs } from "../../src/jobs/lane-load.ts";
import { isDeeperThan, readLanes } from "../../src/jobs/store/read-lanes.ts";
import { emptyStorage, prepareDatabase, testEnv } from "../fixtures/app.ts";
import { claimOne, START_MS, submit } from "../fixtures/jobs.ts";

beforeAll(prepareDatabase);
beforeEach(emptyStorage);

const NONE = { count: 0, oldestMs: undefined };
function lane(state: Partial<LaneState> = {}, ready: Partial<LaneState["ready"]> = {}): LaneState {
  const all = { urgent: NONE, high: NONE, normal: NONE, low: NONE, ...ready };
  return { lane: "edge", capacity: 4, leased: 0, ...state, ready: all };
}

describe("the load of a lane", () => {
  it("is the share of its workers that are busy", () => {
    expect(loadOf(lane({ leased: 3 }))).toBe(0.75);
    expect(loadOf(lane({ leased: 9 }))).toBe(1);
    expect(loadOf(lane({ capacity: 0 }))).toBe(1);
  });

  it("is over its SLA when a task of any priority has waited too long, low work never", () => {
    const waiting = (priority: string, ms: number) => ({ [priority]: { count: 1, oldestMs: START_MS - ms } });
    expect(overSlaMs(lane({}, waiting("urgent", 30_000)), START_MS)).toBe(0);
    expect(overSlaMs(lane({}, waiting("urgent", 31_000)), START_MS)).toBe(1_000);
    expect(overSlaMs(lane({}, waiting("high", 121_000)), START_MS)).toBe(1_000);
    expect(overSlaMs(lane({}, waiting("normal", 601_000)), START_MS)).toBe(1_000);
    expect(overSlaMs(lane({}, waiting("low", 86_400_000)), START_MS)).toBe(0);
  });
});

describe("the lanes in the database", () => {
  it("are counted by priority, with the oldest that could run", async () => {
    await submit({ priority: "urgent", createdAtMs: START_MS - 50 });
    await submit({ priority: "urgent", createdAtMs: START_MS - 20 });
    await submit({ priority: "low", createdAtMs: START_MS - 90 });
    await submit({ priority: "low", createdAtMs: START_MS + 5_000 });
    await submit({ tasks: [{ lane: "io" }] });
    await claimOne(START_MS, "io");
    const lanes = await readLanes(testEnv.DB, START_MS, () => 2);
    expect(lanes.find((each) => each.lane === "edge")).toEqual({
      lane: "edge",
      capacity: 2,
      leased: 0,
      ready: {
        urgent: { count: 2, oldestMs: START_MS - 50 },
        high: NONE,
        normal: NONE,
        low: { count: 1, oldestMs: START_MS - 90 },
      },
    });
    expect(lanes.find((each) => each.lane === "io")).toMatchObject({ leased: 1 });
  });

  it("are measured for depth without counting all of it", async () => {
    for (let n = 0; n < 3; n++) await submit({ priority: "low" });
    await submit({ priority: "high" });
    expect(await isDeeperThan(testEnv.DB, "edge", "low", 2)).toBe(true);
    expect(await isDeeperThan(testEnv.DB, "edge", "low", 3)).toBe(false);
    expect(await isDeeperThan(testEnv.DB, "io", "low", 0)).toBe(false);
  });
});
