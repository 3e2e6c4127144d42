import type { OpenAPIHono } from "@hono/zod-openapi";
import type { PropsWithChildren } from "hono/jsx";
import { ERRORS, type ErrorCode } from "../errors.ts";

type Document = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

interface Operation {
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string }[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: unknown }> }>;
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** The API as a page that needs nothing but itself: every operation of the OpenAPI document, with its schemas. */
export function docsPage(document: Document) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = (item as Partial<Record<string, Operation>>)[method];
      return operation ? [{ path, method, operation }] : [];
    }),
  );
  return (
    <Page title="Darkroom API">
      <h1>Darkroom API</h1>
      <p>
        {document.info.description} The same as data: <a href="/openapi.json">openapi.json</a>.
      </p>
      {operations.map(({ path, method, operation }) => (
        <OperationSection path={path} method={method} operation={operation} />
      ))}
      <h2>Schemas</h2>
      {Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => (
        <details id={`schema-${name}`}>
          <summary>{name}</summary>
          <Json value={schema} />
        </details>
      ))}
      <h2>Problems</h2>
      <ul>
        {Object.entries(ERRORS).map(([code, { status, title }]) => (
          <li>
            <a href={`/problems/${code}`}>{code}</a> {status} {title}
          </li>
        ))}
      </ul>
    </Page>
  );
}

function OperationSection({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}) {
  return (
    <section class="card operation">
      <h2>
        <code>
          <b>{method.toUpperCase()}</b> {path}
        </code>
      </h2>
      <p>
        {operation.summary}. {operation.description}
      </p>
      {operation.parameters && operation.parameters.length > 0 && (
        <ul>
          {operation.parameters.map((parameter) => (
            <li>
              <code>{parameter.name}</code> in {parameter.in}
              {parameter.required ? ", required" : ""} {parameter.description}
            </li>
          ))}
        </ul>
      )}
      {Object.entries(operation.requestBody?.content ?? {}).map(([type, { schema }]) => (
        <details>
          <summary>Request as {type}</summary>
          <Json value={schema} />
        </details>
      ))}
      {Object.entries(operation.responses ?? {}).map(([status, response]) => (
        <details>
          <summary>
            {status} {response.description}
          </summary>
          {Object.values(response.content ?? {}).map(({ schema }) => (
            <Json value={schema} />
          ))}
        </details>
      ))}
    </section>
  );
}

/** What a problem document's `type` leads to. */
export function problemPage(code: ErrorCode) {
  const { status, title, action } = ERRORS[code];
  return (
    <Page title={title}>
      <h1>{title}</h1>
      <p>
        <code>{code}</code>, HTTP status {status}
      </p>
      <p>{action}</p>
      <p>
        <a href="/docs">API reference</a>
      </p>
    </Page>
  );
}

function Json({ value }: { value: unknown }) {
  return <pre>{JSON.stringify(value, null, 2)}</pre>;
}

function Page({ title, children }: PropsWithChildren<{ title: string }>) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/assets/style.css" />
      </head>
      <body>
        <main class="docs">{children}</main>
      </body>
    </html>
  );
}
