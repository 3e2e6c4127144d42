import { OpenAPIHono } from "@hono/zod-openapi";
import { MediaError } from "./errors.ts";
import { fieldErrors } from "./field-errors.ts";
import type { AppEnv } from "./request-context.ts";

/**
 * An empty set of routes in which a request that does not fit its schema is an `invalid_request`.
 *
 * @param options.getPath the path by which a request is routed, where it is not that of its URL
 */
export function createRoutes(options: { getPath?: (request: Request) => string } = {}): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    ...options,
    defaultHook(result) {
      if (result.success) return;
      throw new MediaError("invalid_request", `The ${result.target} is not valid; see errors.`, {
        errors: fieldErrors(result.error.issues),
      });
    },
  });
}

/** In the API's description: a key, or a watch token of the job at hand. */
export const KEY_OR_WATCH_TOKEN: Record<string, string[]>[] = [{ key: [] }, { watchToken: [] }];
