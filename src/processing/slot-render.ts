import type { Env } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import { log } from "../log.ts";
import { derivativeRequestOf } from "./container-task.ts";
import type { RenderAnswer, RenderOrder } from "./render-in-container.ts";
import { type FetchTranscoder, runAttempt } from "./transcoder-client.ts";

/** Images for URLs that a container makes at once: beside them there is always room for the slot's tasks. */
const MAX_RENDERS = 2;
/** More than these wait for nothing: they are told to come again. */
const MAX_WAITING = 16;

/** The container ends what takes too long, and says so: it is given the time to. */
const ANSWER_SLACK_MS = 5_000;

/** Makes images for URLs in a slot's container, a few at a time, in the order in which they were asked for. */
export function createRenderer(
  env: Env,
  fetchTranscoder: FetchTranscoder,
): (order: RenderOrder) => Promise<RenderAnswer> {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function takeTurn(): Promise<void> {
    if (running < MAX_RENDERS) {
      running++;
      return;
    }
    if (waiting.length >= MAX_WAITING) {
      throw new MediaError("derivative_pending", "Many images are being made right now.");
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function passTurn(): void {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }

  async function renderOne(order: RenderOrder): Promise<RenderAnswer> {
    await takeTurn();
    try {
      const request = await derivativeRequestOf(env, order);
      const signal = AbortSignal.timeout(request.timeLimitMs + ANSWER_SLACK_MS);
      const result = await runAttempt(fetchTranscoder, request, () => {}, signal);
      const file = result.kind === "files" ? result.files[0] : undefined;
      if (result.kind !== "files" || !file)
        throw new MediaError("invalid_result", "The container made no image.");
      return { file, analysis: result.analysis };
    } finally {
      passTurn();
    }
  }

  return async function render(order) {
    try {
      return await renderOne(order);
    } catch (thrown) {
      const error = toMediaError(thrown);
      log("warn", "slot", "render_failed", {
        object_key: order.objectKey,
        code: error.code,
        detail: error.privateDetail,
      });
      return { code: error.code, message: error.message };
    }
  };
}
