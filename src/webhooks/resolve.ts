import { z } from "zod";
import { addressOf, isLoopback, isPublicAddress, type TargetPolicy } from "./target.ts";

/** The addresses of a name, or none when it has none. Throws when the resolver does not answer. */
export type Resolve = (name: string) => Promise<string[]>;

const answer = z.object({ Answer: z.array(z.object({ type: z.number(), data: z.string() })).optional() });

const RESOLVE_TIMEOUT_MS = 5_000;
/** Record types A and AAAA. */
const ADDRESS_TYPES = [1, 28];

/** Asks a resolver over HTTPS, in the JSON form that Cloudflare, Google and others speak (`application/dns-json`). */
export function dnsOverHttps(resolverUrl: string, timeoutMs: number = RESOLVE_TIMEOUT_MS): Resolve {
  const ask = async (name: string, type: "A" | "AAAA") => {
    const url = new URL(resolverUrl);
    url.searchParams.set("name", name);
    url.searchParams.set("type", type);
    const response = await fetch(url, {
      headers: { Accept: "application/dns-json" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`the resolver answered ${response.status}`);
    const { Answer = [] } = answer.parse(await response.json());
    return Answer.filter((record) => ADDRESS_TYPES.includes(record.type)).map((record) => record.data);
  };
  return async (name) => (await Promise.all([ask(name, "A"), ask(name, "AAAA")])).flat();
}

export type AddressCheck = "public" | "private" | "unresolved";

/**
 * Where a target lies, by the addresses of its name; one private address among them is enough to refuse it. Without a
 * resolver the name alone has been judged.
 *
 * Between this look and the request the name may be pointed elsewhere (DNS rebinding): a Worker cannot tell `fetch`
 * which address to use. On Cloudflare's network `fetch` reaches public addresses only, whatever the name says, so the
 * gap is open only where the runtime is run on one's own machines; there, keep it off private networks.
 */
export async function checkAddress(
  url: URL,
  policy: TargetPolicy,
  resolve: Resolve | undefined,
): Promise<AddressCheck> {
  if (!resolve || addressOf(url.hostname)) return "public";
  if (policy.allowLoopback && isLoopback(url.hostname)) return "public";
  let addresses: string[];
  try {
    addresses = await resolve(url.hostname);
  } catch {
    return "unresolved";
  }
  if (addresses.length === 0) return "unresolved";
  return addresses.every((text) => isPublic(text)) ? "public" : "private";
}

function isPublic(text: string): boolean {
  const address = addressOf(text);
  return address !== undefined && isPublicAddress(address);
}
