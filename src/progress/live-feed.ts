import { MediaError } from "../errors.ts";
import { wantsWebSocket } from "./farewell.ts";

/**
 * The live feed of a job's channel, as an answer that middleware may add headers to: what comes back from `fetch`
 * has immutable ones.
 *
 * @throws MediaError `too_many_watchers` when the channel takes in nobody more.
 */
export async function liveFeed(channel: Pick<Fetcher, "fetch">, request: Request): Promise<Response> {
  const answer = await channel.fetch(request.url, { method: "GET", headers: request.headers });
  if (answer.status === 429) {
    throw new MediaError("too_many_watchers", await answer.text(), { headers: { "Retry-After": "10" } });
  }
  if (!wantsWebSocket(request)) return new Response(answer.body, answer);
  return new Response(null, { status: 101, webSocket: answer.webSocket });
}
