import { MediaError } from "../errors.ts";

export interface PartHeaders {
  name: string;
  /** Present for files, also when it is empty. */
  filename: string | undefined;
  /** Without parameters; empty when the part does not say. */
  contentType: string;
}

/**
 * The boundary that a Content-Type names (RFC 2046 §5.1.1: at most 70 characters).
 *
 * @throws MediaError `malformed_multipart` when it names none.
 */
export function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw malformed("The Content-Type has no boundary parameter.");
  return boundary;
}

/**
 * Reads the headers of one part. File names are UTF-8 as browsers send them (WHATWG, multipart/form-data encoding
 * algorithm), any character included.
 *
 * @throws MediaError `malformed_multipart` when they cannot be read, or name no field.
 */
export function readPartHeaders(text: string): PartHeaders {
  const headers = new Map(text.split("\r\n").map(readLine));
  const disposition = headers.get("content-disposition") ?? "";
  const parameters = parametersOf(disposition);
  const name = parameters.get("name");
  if (!/^form-data\s*(;|$)/i.test(disposition) || name === undefined) {
    throw malformed("A part has no name in its Content-Disposition.");
  }
  const contentType = (headers.get("content-type") ?? "").split(";")[0] ?? "";
  return { name, filename: filenameOf(parameters), contentType: contentType.trim().toLowerCase() };
}

function readLine(line: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t\P{Cc}]*)$/u.exec(line) ?? [];
  if (name === undefined || value === undefined) throw malformed("The headers of a part cannot be read.");
  return [name.toLowerCase(), value];
}

/** In quotes only quotes and backslashes are taken as escaped: browsers send a backslash of a name as it is. */
const PARAMETER = /;\s*([\w*-]+)=(?:"((?:\\["\\]|[^"])*)"|([^\s;"]*))/g;

function parametersOf(header: string): Map<string, string> {
  return new Map(
    Array.from(header.matchAll(PARAMETER), ([, name = "", quoted, bare = ""]) => [
      name.toLowerCase(),
      quoted === undefined ? bare : quoted.replace(/\\(["\\])/g, "$1"),
    ]),
  );
}

/** `filename`, or the form that some clients send for other letters than ASCII's (RFC 5987). */
function filenameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(parameters.get("filename*") ?? "")?.[1];
  if (encoded === undefined) return parameters.get("filename");
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw malformed("The filename* of a part is not valid percent-encoding.");
  }
}

function malformed(message: string): MediaError {
  return new MediaError("malformed_multipart", message);
}
