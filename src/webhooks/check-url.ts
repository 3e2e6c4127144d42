import { type Config, configOf, type Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import { checkAddress, dnsOverHttps, type Resolve } from "./resolve.ts";
import { checkTarget, type TargetPolicy } from "./target.ts";

/**
 * Sees to it that a URL that a client gives may be spoken to, by name and, with a resolver, by address.
 *
 * @param path the field that it came in, and `subject` what it is, for the error.
 * @throws MediaError `invalid_request` with what is wrong with it.
 */
export async function requireTarget(
  env: Env,
  text: string,
  path: string,
  subject = "The webhook's URL",
): Promise<URL> {
  const config = configOf(env);
  const check = checkTarget(text, policyOf(config));
  if (!check.allowed) throw refusal(subject, path, check.reason);
  const address = await checkAddress(check.url, policyOf(config), resolverOf(config));
  if (address === "private") throw refusal(subject, path, "Its address is not on the public internet.");
  if (address === "unresolved")
    throw refusal(subject, path, "Its host has no address, or it cannot be looked up now.");
  return check.url;
}

/** Where hosts are looked up; absent when they are judged by name only. */
export function resolverOf({ webhookResolverUrl }: Pick<Config, "webhookResolverUrl">): Resolve | undefined {
  return webhookResolverUrl === undefined ? undefined : dnsOverHttps(webhookResolverUrl);
}

export function policyOf(config: Pick<Config, "webhookLoopback" | "webhookPorts">): TargetPolicy {
  return { allowLoopback: config.webhookLoopback, ports: config.webhookPorts };
}

function refusal(subject: string, path: string, message: string): MediaError {
  return new MediaError("invalid_request", `${subject} cannot be used; see errors.`, {
    errors: [{ path, message }],
  });
}
