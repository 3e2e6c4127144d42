import { Agent, request } from "node:http";

export interface Posting {
  url: URL;
  headers: Record<string, string>;
  bodies: readonly Uint8Array[];
  /** Requests under way at once. */
  atOnce: number;
}

export interface Posted {
  sentAtMs: number;
  /** The JSON of the answer. */
  answer: Record<string, unknown>;
}

/** Sends every body, and gives the answers in their order. Rejects when one is not 2xx. */
export async function postAll({ url, headers, bodies, atOnce }: Posting): Promise<Posted[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const posted: Posted[] = [];
  const queue = bodies.entries();
  const sendRest = async () => {
    for (const [index, body] of queue) posted[index] = await post(agent, url, headers, body);
  };
  await Promise.all(Array.from({ length: atOnce }, sendRest));
  agent.destroy();
  return posted;
}

function post(agent: Agent, url: URL, headers: Record<string, string>, body: Uint8Array): Promise<Posted> {
  const sentAtMs = Date.now();
  const options = { method: "POST", agent, headers: { ...headers, "Content-Length": body.length } };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        const isGood = response.statusCode === 200 || response.statusCode === 201;
        if (isGood) resolve({ sentAtMs, answer: JSON.parse(text) as Record<string, unknown> });
        else reject(new Error(`${url.pathname} answered ${response.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A multipart body (RFC 7578) with one file and some fields before it. */
export function multipartBody(
  boundary: string,
  fields: Record<string, string>,
  file: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="input_file"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  const whole = [Buffer.from(parts.join("") + head), file, Buffer.from(`\r\n--${boundary}--\r\n`)];
  return new Uint8Array(Buffer.concat(whole));
}
