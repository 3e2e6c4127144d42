import { IPv4, IPv6, parse } from "ipaddr.js";

export interface TargetPolicy {
  /** Lets http and this machine's own addresses through; for local development only. */
  allowLoopback: boolean;
  /** Ranges of ports, both ends included. */
  ports: readonly (readonly [number, number])[];
}

export type TargetCheck = { allowed: true; url: URL } | { allowed: false; reason: string };

const MAX_URL_CHARACTERS = 2_048;

/**
 * Names that resolve inside a network or nowhere: RFC 6761 and RFC 8375, what clouds and Kubernetes add to them, and
 * public services whose names resolve to any address that is written into them.
 */
const PRIVATE_NAMES =
  /(^|\.)(localhost|localdomain|local|internal|intranet|corp|home|lan|private|home\.arpa|test|example|invalid|onion|svc|consul|arpa|nip\.io|sslip\.io|xip\.io|localtest\.me|lvh\.me)$/;

/**
 * Whether a webhook may go to a URL, judged by what the URL itself says. The WHATWG parser has already turned every
 * other spelling of an IPv4 address (decimal, octal, hexadecimal, short, full-width) into its four numbers.
 */
export function checkTarget(text: string, policy: TargetPolicy): TargetCheck {
  const url = parseTarget(text);
  if (!url) return refuse("It must be an absolute https URL of at most 2,048 characters.");
  if (url.username || url.password) return refuse("It must not contain a user name or password.");
  const isOwnMachine = isLoopback(url.hostname);
  if (policy.allowLoopback && isOwnMachine) {
    return /^https?:$/.test(url.protocol) ? { allowed: true, url } : refuse("It must begin with https://.");
  }
  if (url.protocol !== "https:") return refuse("It must begin with https://.");
  const port = Number(url.port || 443);
  if (!policy.ports.some(([from, to]) => port >= from && port <= to)) {
    return refuse(`Port ${port} is not allowed here.`);
  }
  const problem = hostProblem(url.hostname);
  return problem ? refuse(problem) : { allowed: true, url };
}

/** Whether the parser's host names this machine: such a target is not looked up. */
export function isLoopback(hostname: string): boolean {
  const literal = addressOf(hostname);
  if (literal) return literal.range() === "loopback";
  return /(^|\.)localhost\.?$/.test(hostname);
}

/** The address that a URL's host is written as; undefined when it is a name. */
export function addressOf(hostname: string): IPv4 | IPv6 | undefined {
  const text = hostname.replace(/^\[(.*)\]$/, "$1");
  // A name may look like a number to the library, but to the URL parser it does only in four decimal parts.
  return IPv4.isValidFourPartDecimal(text) || IPv6.isValid(text) ? parse(text) : undefined;
}

/** Public by its number, yet inside Azure the host of each virtual machine, which hands out its configuration. */
const AZURE_HOST = "168.63.129.16";

/**
 * Whether an address is one that anybody on the internet may speak to. Of IPv6 only 2000::/3 is given out; what wraps
 * or translates an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is not, as it may lead anywhere.
 */
export function isPublicAddress(address: IPv4 | IPv6): boolean {
  if (address.range() !== "unicast" || address.toString() === AZURE_HOST) return false;
  return address instanceof IPv4 || ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

function parseTarget(text: string): URL | undefined {
  // The parser would silently drop tabs, line breaks and blanks, and repair backslashes.
  if (text.length > MAX_URL_CHARACTERS || /[\s\\\p{Cc}]/u.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function hostProblem(hostname: string): string | undefined {
  const address = addressOf(hostname);
  if (address) return isPublicAddress(address) ? undefined : "Its address is not on the public internet.";
  const name = hostname.replace(/\.$/, "");
  if (!name.includes(".")) return "Its host must be a full domain name.";
  return PRIVATE_NAMES.test(name) ? "Its host is not on the public internet." : undefined;
}

function refuse(reason: string): TargetCheck {
  return { allowed: false, reason };
}
