import { authenticateFollower, requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import { wantsWebSocket } from "./farewell.ts";

/** The feed of an owner: one WebSocket for everything that a page shows. */
export const feedRoutes = createRoutes();

feedRoutes.openAPIRegistry.registerPath({
  tags: ["progress"],
  security: [{ key: [] }, { watchToken: [] }],
  method: "get",
  path: "/v1/feed",
  summary: "Follow jobs, media or everything over one WebSocket",
  description:
    'Send `{"type": "subscribe", "jobs": [ids], "media": [ids], "batches": [ids]}` or `"all": true`; `unsubscribe` takes the same. The answers are `subscribed`, a `snapshot`, and then `events` at most four times a second, each a list of `{event: "progress:<media id>", data: {job_id, status, progress, thumbnail_url}}`. `ping` is answered with `pong`.',
  responses: { 101: { description: "The feed" } },
});
feedRoutes.get("/v1/feed", authenticateFollower(), requireScope("read"), async (c) => {
  if (!wantsWebSocket(c.req.raw)) {
    throw new MediaError("upgrade_required", "Open this URL with a WebSocket client.", {
      headers: { Upgrade: "websocket", Connection: "Upgrade" },
    });
  }
  const { owner } = c.get("caller");
  const headers = { Upgrade: "websocket", "X-Feed-Owner": encodeURIComponent(owner) };
  const answer = await c.env.FEED.getByName(owner).fetch("https://feed/", { headers });
  if (answer.status === 429) {
    throw new MediaError("too_many_watchers", await answer.text(), { headers: { "Retry-After": "10" } });
  }
  return new Response(null, { status: 101, webSocket: answer.webSocket });
});
