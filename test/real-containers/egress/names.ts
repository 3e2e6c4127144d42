import { createSocket } from "node:dgram";
import { type Egress, PLACEHOLDER_ADDRESS } from "./outbound.ts";

const HEADER_BYTES = 12;
const TYPE_A = 1;
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;
const SECONDS_TO_LIVE = 60;

/** Answers DNS questions: allowed names have one address for all, other names do not exist. */
export function answerNames(port: number, egress: Egress): void {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const answer = answerTo(query, egress.allowedNames);
    if (answer) socket.send(answer, from.port, from.address);
  });
  socket.bind(port, "127.0.0.1");
}

/** RFC 1035, section 4: one question, and at most one address. Nothing for what is no question. */
function answerTo(query: Buffer, allowedNames: readonly string[]): Buffer | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  while (at < query.length && query[at] !== 0) {
    const length = query[at] ?? 0;
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > query.length) return undefined;
  const isKnown = allowedNames.some((pattern) => matches(pattern, labels.join(".")));
  const hasAddress = isKnown && query.readUInt16BE(at + 1) === TYPE_A;
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  // An answer, from who should know, to one question.
  header.writeUInt16BE(0x8400 | (isKnown ? NO_ERROR : NO_SUCH_NAME), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(hasAddress ? 1 : 0, 6);
  return Buffer.concat([
    header,
    query.subarray(HEADER_BYTES, end),
    hasAddress ? addressRecord() : Buffer.alloc(0),
  ]);
}

function addressRecord(): Buffer {
  const record = Buffer.alloc(16);
  // Its name is the one at the question.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(SECONDS_TO_LIVE, 6);
  record.writeUInt16BE(4, 10);
  record.set(PLACEHOLDER_ADDRESS.split(".").map(Number), 12);
  return record;
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[^\w-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(name);
}
