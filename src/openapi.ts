import type { OpenAPIHono } from "@hono/zod-openapi";
import { ERRORS, errorCodeOf, MediaError } from "./errors.ts";
import { docsPage, problemPage } from "./pages/docs.tsx";
import { pageHeaders } from "./pages/headers.ts";
import { withProblemAnswers } from "./problem-answers.ts";
import type { AppEnv } from "./request-context.ts";

/** Publishes the description of all routes, made from their schemas, and pages to read it and every problem. */
export function describeApi(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "key", { type: "http", scheme: "bearer" });
  app.openAPIRegistry.registerComponent("securitySchemes", "watchToken", {
    type: "apiKey",
    in: "query",
    name: "token",
  });
  const info = {
    openapi: "3.1.0",
    info: {
      title: "Darkroom",
      version: "1.0.0",
      description: "Media in over HTTP; resized images, streamable video and live progress out.",
    },
  } as const;
  const document = () => withProblemAnswers(app.getOpenAPI31Document(info));
  app.get("/openapi.json", (c) => c.json(document()));
  app.get("/docs", pageHeaders(), (c) => c.html(docsPage(document())));
  app.get("/problems/:code", pageHeaders(), (c) => {
    const code = c.req.param("code");
    if (!Object.hasOwn(ERRORS, code)) throw new MediaError("not_found", "There is no problem of this name.");
    return c.html(problemPage(errorCodeOf(code)));
  });
}
