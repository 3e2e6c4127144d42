import { ERRORS, type ErrorCode } from "./errors.ts";

/** As much of an OpenAPI document as is looked at here. */
interface Described {
  paths?: object | undefined;
  components?: object | undefined;
}

interface Operation {
  security?: object[];
  parameters?: { in: string }[];
  requestBody?: unknown;
  responses?: Record<string, unknown>;
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** What can be wrong with a request of a kind; any route may say more, and what it says itself stays. */
const PROBLEMS = {
  any: ["internal", "database_failed"],
  behindKey: ["unauthenticated", "forbidden", "rate_limited"],
  ofOneThing: ["not_found"],
  withQuery: ["invalid_request"],
  withBody: [
    ...(["malformed_json", "empty_body", "payload_too_large"] as const),
    ...(["unsupported_content_type", "invalid_request"] as const),
  ],
  changing: ["conflict"],
  creating: ["invalid_idempotency_key", "idempotency_key_in_use", "idempotency_key_reused"],
  submitting: ["quota_exceeded", "storage_failed"],
} as const satisfies Record<string, readonly ErrorCode[]>;

const SUBMITTING = /^\/v1\/(jobs|batches|images\/watermark|videos\/resize)$/;

/** The document, in which every operation also lists the problems that it answers with, from the one table of errors. */
export function withProblemAnswers<T extends Described>(document: T): T {
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [path, describeItem(path, item)]);
  const schemas = { ...schemasOf(document.components), Problem: PROBLEM };
  return {
    ...document,
    paths: Object.fromEntries(paths),
    components: { ...document.components, schemas },
  };
}

function describeItem(path: string, item: Partial<Record<string, Operation>>) {
  const described = METHODS.flatMap((method) => {
    const operation = item[method];
    if (!operation) return [];
    const responses = { ...answersOf(codesOf(path, method, operation)), ...operation.responses };
    return [[method, { ...operation, responses }]];
  });
  return { ...item, ...Object.fromEntries(described) };
}

function codesOf(
  path: string,
  method: string,
  { security, parameters, requestBody }: Operation,
): ErrorCode[] {
  const isBehindKey = (security?.length ?? 0) > 0 || path.startsWith("/v1/");
  const isPost = method === "post" && path.startsWith("/v1/");
  return [
    ...PROBLEMS.any,
    ...(isBehindKey ? PROBLEMS.behindKey : []),
    ...(path.includes("{") ? PROBLEMS.ofOneThing : []),
    ...(parameters?.some((parameter) => parameter.in === "query") ? PROBLEMS.withQuery : []),
    ...(requestBody === undefined ? [] : PROBLEMS.withBody),
    ...(method === "get" ? [] : PROBLEMS.changing),
    ...(isPost ? PROBLEMS.creating : []),
    ...(isPost && SUBMITTING.test(path) ? PROBLEMS.submitting : []),
  ];
}

function answersOf(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(new Set(codes), (code) => String(ERRORS[code].status));
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join("; "),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

function schemasOf(components: object | undefined): object {
  return components && "schemas" in components ? (components.schemas as object) : {};
}

const text = { type: "string" } as const;

/** RFC 9457, and what is added to it here (`problem.ts`). */
const PROBLEM = {
  type: "object",
  description: "RFC 9457; `type` leads to a page that says what to do",
  required: ["type", "title", "status", "detail", "instance", "timestamp", "request_id", "suggested_action"],
  properties: {
    type: { ...text, description: "/problems/<code>" },
    title: text,
    status: { type: "integer" },
    detail: { ...text, description: "What is wrong with this very request" },
    instance: text,
    timestamp: { ...text, format: "date-time" },
    request_id: text,
    suggested_action: text,
    errors: {
      type: "array",
      description: "Each field that does not fit",
      items: { type: "object", required: ["path", "message"], properties: { path: text, message: text } },
    },
  },
} as const;
