import { IPv4, IPv6 } from "ipaddr.js";

/** Of IPv6, the part of an address that names a client's network: one subscriber has all of the rest (RFC 6177). */
const NETWORK_PARTS = 4;

/** Whom a budget is for: an IPv4 address, or the /64 network of an IPv6 one, of which a client may use any address. */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined) return "unknown";
  if (IPv4.isValidFourPartDecimal(address)) return address;
  if (!IPv6.isValid(address)) return "unknown";
  const parsed = IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  const network = parsed.parts.slice(0, NETWORK_PARTS).map((part) => part.toString(16));
  return `${network.join(":")}::/64`;
}
