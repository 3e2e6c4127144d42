import type { Env } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import { log } from "../log.ts";
import { derivativeRequestOf } from "./container-task.ts";
import type { RenderAnswer, RenderOrder } from "./render-in-container.ts";
import { createRenderLine } from "./render-line.ts";
import { type FetchTranscoder, runAttempt } from "./transcoder-client.ts";

/** The container ends what takes too long, and says so: it is given the time to. */
const ANSWER_SLACK_MS = 5_000;

/** Makes images for URLs in a slot's container, outside of any job. */
export interface Renderer {
  render(order: RenderOrder): Promise<RenderAnswer>;
  /** Somebody waits for what nobody did: see {@link RenderLine.hurry}. */
  hurry(objectKey: string): void;
}

export function createRenderer(env: Env, fetchTranscoder: FetchTranscoder): Renderer {
  const line = createRenderLine();

  async function renderOne(order: RenderOrder): Promise<RenderAnswer> {
    await line.takeTurn(order.objectKey, order.isBackground === true);
    try {
      const request = await derivativeRequestOf(env, order);
      const signal = AbortSignal.timeout(request.timeLimitMs + ANSWER_SLACK_MS);
      const result = await runAttempt(fetchTranscoder, request, () => {}, signal);
      const file = result.kind === "files" ? result.files[0] : undefined;
      if (result.kind !== "files" || !file)
        throw new MediaError("invalid_result", "The container made no image.");
      return { file, analysis: result.analysis };
    } finally {
      line.passTurn();
    }
  }

  async function render(order: RenderOrder): Promise<RenderAnswer> {
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
  }

  return { render, hurry: line.hurry };
}
