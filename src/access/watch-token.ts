/**
 * Read-only tokens for `?token=`, as a browser cannot send headers on WebSocket or EventSource: of one job, or of
 * an owner's feed.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import type { Caller } from "../request-context.ts";
import { signToken, verifyToken } from "./token.ts";

const watchClaims = z.strictObject({ jobId: z.string(), owner: z.string() });
const feedClaims = z.strictObject({ owner: z.string() });

/** A token that lets its holder watch one job of `owner` for `LIMITS.watchTokenMs`. */
export async function createWatchToken(
  secret: string,
  jobId: string,
  owner: string,
  nowMs: number,
): Promise<string> {
  return await signToken(secret, "watch", { jobId, owner }, nowMs + LIMITS.watchTokenMs);
}

/** The caller that a token stands for, or `undefined` when it is not a valid token of exactly this job. */
export async function verifyWatchToken(
  secret: string,
  token: string,
  jobId: string,
  nowMs: number,
): Promise<Caller | undefined> {
  const claims = watchClaims.safeParse(await verifyToken(secret, "watch", token, nowMs));
  if (!claims.success || claims.data.jobId !== jobId) return undefined;
  return watcherFor(claims.data.owner);
}

/** A token that lets its holder follow the feed of `owner` for `LIMITS.watchTokenMs`, and nothing else. */
export async function createFeedToken(secret: string, owner: string, nowMs: number): Promise<string> {
  return await signToken(secret, "feed", { owner }, nowMs + LIMITS.watchTokenMs);
}

/** The caller that a feed token stands for, or `undefined` when it is not a valid one. */
export async function verifyFeedToken(
  secret: string,
  token: string,
  nowMs: number,
): Promise<Caller | undefined> {
  const claims = feedClaims.safeParse(await verifyToken(secret, "feed", token, nowMs));
  return claims.success ? watcherFor(claims.data.owner) : undefined;
}

function watcherFor(owner: string): Caller {
  return { owner, scopes: ["read"], keyId: "watch", viaSession: false };
}
