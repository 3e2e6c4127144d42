import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import type { AppContext, AppEnv, Caller } from "../request-context.ts";
import { SCOPES } from "../schema/access.ts";
import { authenticate } from "./authenticate.ts";
import { callerOfKey } from "./caller.ts";
import { requestOrigin } from "./same-origin.ts";
import { closeSession, openSession } from "./session.ts";

const credentials = z.object({ key: z.string().min(1).max(200) });

const whoSchema = z
  .object({ owner: z.string(), scopes: z.array(z.enum(SCOPES)), key_id: z.string() })
  .openapi("Who");

const who = { description: "Who is asking", content: { "application/json": { schema: whoSchema } } };

const openRoute = createRoute({
  method: "post",
  path: "/session",
  summary: "Open a session for the page with a key",
  request: {
    body: {
      content: {
        "application/json": { schema: credentials.partial() },
        "application/x-www-form-urlencoded": { schema: credentials.partial() },
      },
    },
  },
  responses: { 200: who, 303: { description: "Sent by a form: back to the page" } },
});

const whoRoute = createRoute({
  method: "get",
  path: "/session",
  summary: "Say whose session this is",
  middleware: [authenticate()] as const,
  responses: { 200: who },
});

const closeRoute = createRoute({
  method: "delete",
  path: "/session",
  summary: "Close the session",
  responses: { 204: { description: "Closed" } },
});

/** `/session`: from a key to a cookie and back. Brings its own authentication. */
export function sessionRoutes(): OpenAPIHono<AppEnv> {
  const app = createRoutes();
  app.openapi(openRoute, async (c) => {
    refuseOtherOrigins(c);
    const sentByForm = c.req.valid("form").key;
    const key = c.req.valid("json").key ?? sentByForm;
    const caller = key === undefined ? undefined : await callerOfKey(c.env, key);
    if (!caller) throw new MediaError("unauthenticated", "Send a valid key in the field key.");
    await openSession(c, caller, Date.now());
    return sentByForm === undefined ? c.json(describeCaller(caller), 200) : c.redirect("/", 303);
  });
  app.openapi(whoRoute, (c) => c.json(describeCaller(c.get("caller")), 200, { "Cache-Control": "no-store" }));
  app.openapi(closeRoute, (c) => {
    refuseOtherOrigins(c);
    closeSession(c);
    return c.body(null, 204);
  });
  return app;
}

/** Another site must not sign a visitor in (to its own account) or out. */
function refuseOtherOrigins(c: AppContext): void {
  if (requestOrigin(c) === "other") {
    throw new MediaError("forbidden", "Sessions are opened and closed only from this service's own pages.");
  }
}

function describeCaller(caller: Caller): z.infer<typeof whoSchema> {
  return { owner: caller.owner, scopes: [...caller.scopes], key_id: caller.keyId };
}
