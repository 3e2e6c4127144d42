import { Hono } from "hono";
import { etag } from "hono/etag";
import { html } from "hono/html";
import { callerOfSession } from "../access/session.ts";
import type { AppEnv } from "../request-context.ts";
import { ASSETS } from "./assets.ts";
import { pageHeaders } from "./headers.ts";
import { Home } from "./home.tsx";

/** The page at `/` and what it loads. It speaks to the service only through the public API, with a session. */
export const pages = new Hono<AppEnv>();

pages.get("/", pageHeaders(), async (c) => {
  const caller = await callerOfSession(c, Date.now());
  return c.html(html`<!doctype html>${<Home owner={caller?.owner} />}`);
});

pages.get("/assets/:name", etag(), (c) => {
  const asset = ASSETS.get(c.req.param("name"));
  if (!asset) return c.notFound();
  return c.body(asset.text, 200, {
    "Content-Type": asset.type,
    "Cache-Control": "no-cache",
  });
});
