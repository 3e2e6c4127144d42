import { MediaError } from "../errors.ts";
import type { JobDocument } from "./job-document.ts";

/** The shapes in which a job can be read, by what the client accepts (RFC 9110 §12.5.1). */
type Representation = "full" | "compact" | "xml" | "text";

/**
 * A job in the representation that `Accept` prefers.
 *
 * @throws MediaError `not_acceptable` when it accepts none.
 */
export function representJob(job: JobDocument, accept: string | undefined): { type: string; body: string } {
  switch (chooseRepresentation(accept)) {
    case "full":
      return { type: "application/json", body: JSON.stringify(job) };
    case "compact":
      return { type: "application/json; compact=true", body: JSON.stringify(compact(job)) };
    case "xml":
      return {
        type: "application/xml",
        body: `<?xml version="1.0" encoding="UTF-8"?>\n${element("job", job)}\n`,
      };
    case "text":
      return { type: "text/plain; charset=utf-8", body: `${line(job)}\n` };
  }
}

function chooseRepresentation(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === "") return "full";
  const ranges = accept
    .split(",")
    .map(parseRange)
    .toSorted((a, b) => b.quality - a.quality);
  for (const { type, isCompact, quality } of ranges) {
    if (quality === 0) continue;
    if (type === "application/json") return isCompact ? "compact" : "full";
    if (type === "*/*" || type === "application/*") return "full";
    if (type === "application/xml" || type === "text/xml") return "xml";
    if (type === "text/plain" || type === "text/*") return "text";
  }
  throw new MediaError(
    "not_acceptable",
    "A job can be read as application/json, application/xml or text/plain.",
  );
}

function parseRange(range: string): { type: string; isCompact: boolean; quality: number } {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return {
    type,
    isCompact: parameters.includes("compact=true"),
    quality: quality === undefined ? 1 : Number(quality) || 0,
  };
}

function compact(job: JobDocument) {
  return {
    job_id: job.job_id,
    status: job.status,
    progress_percentage: job.progress_percentage,
    outputs: job.outputs.map((output) => output.url),
  };
}

function line(job: JobDocument): string {
  const stage = job.current_stage ? ` ${job.current_stage}` : "";
  return `${job.job_id} ${job.status} ${job.progress_percentage.toFixed(1)}%${stage}`;
}

/** JSON as XML: an object's fields are elements, an array's entries are `<item>`. */
function element(name: string, value: unknown): string {
  if (value === null || value === undefined) return `<${name}/>`;
  if (Array.isArray(value))
    return `<${name}>${value.map((item) => element("item", item)).join("")}</${name}>`;
  if (typeof value === "object") {
    const fields = Object.entries(value).map(([field, content]) => element(field, content));
    return `<${name}>${fields.join("")}</${name}>`;
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return text.replace(/[<>&"']/g, (character) => entities[character] ?? character);
}
