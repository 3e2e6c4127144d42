import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { describe, expect, it } from "vitest";
import { liveFeed } from "../../src/progress/live-feed.ts";
import { imageAccepted, jobEnded } from "./history.ts";
import { listen, newChannel, readEvents } from "./watching.ts";

describe("the live feed behind middleware that adds headers", () => {
  const channel = newChannel();
  const app = new Hono()
    .use(secureHeaders())
    .get("/feed", (c) => liveFeed(channel, c.req.raw))
    .onError((error) => {
      throw error;
    });

  it("carries an event stream, and sends who has seen the end away", async () => {
    await channel.record([imageAccepted, jobEnded("completed")]);
    const response = await app.request("/feed");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(await readEvents(response).next()).toMatchObject({
      event: "snapshot",
      data: { status: "completed" },
    });
    expect((await app.request("/feed", { headers: { "Last-Event-ID": "1" } })).status).toBe(204);
  });

  it("carries a WebSocket", async () => {
    await channel.record([imageAccepted, jobEnded("completed")]);
    const watcher = listen(await app.request("/feed", { headers: { Upgrade: "websocket" } }));
    expect(await watcher.next()).toMatchObject({ type: "snapshot", status: "completed" });
    expect(await watcher.next()).toMatchObject({ type: "end" });
  });
});
