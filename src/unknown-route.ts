import { MediaError } from "./errors.ts";

interface Route {
  method: string;
  path: string;
}

/** What to answer when no route took a request: 405 with `Allow` when the path has other methods, else 404. */
export function refuseUnknown(routes: readonly Route[], method: string, path: string): MediaError {
  const allowed = new Set(
    routes
      .filter((route) => route.method !== "ALL" && patternOf(route.path).test(path))
      .map((route) => route.method),
  );
  if (allowed.size === 0 || allowed.has(method)) {
    return new MediaError("not_found", `There is nothing at ${path.slice(0, 200)}.`);
  }
  if (allowed.has("GET")) allowed.add("HEAD");
  const list = [...allowed].toSorted().join(", ");
  return new MediaError("method_not_allowed", `${path.slice(0, 200)} takes ${list}, not ${method}.`, {
    headers: { Allow: list },
  });
}

/** Hono's `:name`, `:name{regex}` and `*` as an expression. */
function patternOf(path: string): RegExp {
  const source = path
    .split("/")
    .map((segment) => {
      if (segment === "*") return ".*";
      const parameter = /^:\w+(?:\{(.+)\})?$/.exec(segment);
      if (parameter) return parameter[1] ?? "[^/]+";
      return segment.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("/");
  return new RegExp(`^${source}$`);
}
