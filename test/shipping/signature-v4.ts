/** AWS Signature Version 4 from its specification alone, as a store checks it. */
import { createHash, createHmac } from "node:crypto";

interface Signed {
  method: string;
  url: string;
  headers: Headers;
  body: Uint8Array;
}

/** What is wrong with a signed request; undefined when its signature and its payload hash are right. */
export function problemOfSignature(request: Signed, secret: string, region: string): string | undefined {
  const authorization = request.headers.get("authorization") ?? "";
  const [, credential = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    ) ?? [];
  const date = request.headers.get("x-amz-date") ?? "";
  const scope = [date.slice(0, 8), region, "s3", "aws4_request"];
  if (credential.split("/").slice(1).join("/") !== scope.join("/")) return `scope ${credential}`;
  const payload = request.headers.get("x-amz-content-sha256") ?? "";
  if (payload !== hash(request.body)) return "the payload hash is not that of the payload";
  const signed = names.split(";");
  for (const name of ["host", "x-amz-content-sha256", "x-amz-date"])
    if (!signed.includes(name)) return `${name} is not signed`;
  const url = new URL(request.url);
  const header = (name: string) => (name === "host" ? url.host : (request.headers.get(name) ?? "").trim());
  const canonical = [
    request.method,
    url.pathname,
    url.searchParams.toString(),
    ...signed.map((name) => `${name}:${header(name)}`),
    "",
    names,
    payload,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), hash(canonical)].join("\n");
  const key = scope.reduce<Buffer | string>(
    (by, part) => createHmac("sha256", by).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac("sha256", key).update(text).digest("hex") === signature
    ? undefined
    : "the signature is wrong";
}

function hash(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
