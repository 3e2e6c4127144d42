import type { Env } from "../config.ts";
import { type LaneState, loadOf, overSlaMs } from "../jobs/lane-load.ts";
import { readLanes } from "../jobs/store/read-lanes.ts";
import { listBreakers } from "../processing/breakers.ts";
import type { Standing } from "../processing/circuit-breakers.ts";
import { laneCapacity } from "../processing/lane-capacity.ts";
import type { SlotReport } from "../processing/slot.ts";
import { type SlotName, slotBehind, slotsOf } from "../processing/slots.ts";
import { PRIORITIES } from "../schema/jobs.ts";

/** A slot that does not say what it does within this has failed, as far as anybody can tell. */
const REPORT_WITHIN_MS = 5_000;

/** @param deep asks containers that sleep, too, which wakes them. */
export async function describeWorkers(env: Env, deep: boolean, nowMs: number) {
  const [reports, lanes, breakers] = await Promise.all([
    Promise.all(slotsOf(env).map(async (slot) => describeSlot(slot, await reportOf(env, slot, deep)))),
    readLanes(env.DB, nowMs, (lane) => laneCapacity(env, lane)),
    listBreakers(env),
  ]);
  return {
    workers: reports,
    lanes: lanes.map((lane) => describeLane(lane, nowMs)),
    breakers: breakers.map((breaker) => describeBreaker(breaker, nowMs)),
  };
}

const SILENT: SlotReport = { state: "failed", tasks: [], latest: undefined };

async function reportOf(env: Env, slot: SlotName, deep: boolean): Promise<SlotReport> {
  const late = Promise.withResolvers<SlotReport>();
  const timer = setTimeout(() => late.resolve(SILENT), REPORT_WITHIN_MS);
  try {
    return await Promise.race([slotBehind(env, slot).report(slot.name, deep), late.promise]);
  } catch {
    return SILENT;
  } finally {
    clearTimeout(timer);
  }
}

function describeSlot({ name, size }: SlotName, { state, tasks, latest }: SlotReport) {
  const health = latest?.health;
  return {
    name,
    size,
    state,
    accepts_work: health ? health.state === "ready" : null,
    tasks: tasks.map(({ taskId, jobId, kind, attempt, startedAtMs }) => ({
      task_id: taskId,
      job_id: jobId,
      kind,
      attempt,
      started_at: new Date(startedAtMs).toISOString(),
    })),
    cpu_percent: health?.cpuPercent ?? null,
    memory: fillOf(health?.memoryFreeBytes, health?.memoryTotalBytes),
    disk: fillOf(health?.diskFreeBytes, health?.diskTotalBytes),
    process_bytes: health?.rssBytes ?? null,
    cores: health?.cores ?? null,
    tasks_ended: health?.tasksEnded ?? null,
    ffmpeg_version: health?.ffmpegVersion ?? null,
    encoders: health?.encoders ?? [],
    hardware_encoders: (health?.hardwareEncoders ?? []).map(({ name, framesPerSecond }) => ({
      name,
      frames_per_second: framesPerSecond,
    })),
    decodes_heic: health?.heic ?? null,
    decodes_bmp: health?.bmp ?? null,
    finds_faces: health?.faces ?? null,
    measured_at: latest ? new Date(latest.atMs).toISOString() : null,
  };
}

function fillOf(freeBytes: number | undefined, totalBytes: number | undefined) {
  if (freeBytes === undefined || totalBytes === undefined) return null;
  return { used_bytes: totalBytes - freeBytes, total_bytes: totalBytes };
}

function describeLane(lane: LaneState, nowMs: number) {
  const oldestMs = Math.min(
    ...PRIORITIES.map((each) => lane.ready[each].oldestMs ?? Number.POSITIVE_INFINITY),
  );
  return {
    lane: lane.lane,
    capacity: lane.capacity,
    leased: lane.leased,
    load: Number(loadOf(lane).toFixed(3)),
    ready: {
      urgent: lane.ready.urgent.count,
      high: lane.ready.high.count,
      normal: lane.ready.normal.count,
      low: lane.ready.low.count,
    },
    oldest_seconds: Number.isFinite(oldestMs) ? (nowMs - oldestMs) / 1000 : null,
    over_sla_seconds: overSlaMs(lane, nowMs) / 1000,
  };
}

function describeBreaker({ dependency, state, failures, openUntilMs }: Standing, nowMs: number) {
  const openUntil = openUntilMs > nowMs ? new Date(openUntilMs).toISOString() : null;
  return { dependency, state, failures, open_until: openUntil };
}
