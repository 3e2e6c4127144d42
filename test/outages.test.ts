import { describe, expect, it } from "vitest";
import { toMediaError } from "../src/errors.ts";

describe("what the platform throws", () => {
  it.each([
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_EXEC_ERROR: Error in line 1: internal error",
  ])("is an outage of the database: %s", (message) => {
    expect(toMediaError(new Error(message))).toMatchObject({ code: "database_failed", class: "transient" });
    // Drizzle wraps it.
    const wrapped = new Error("Failed query: select 1", { cause: new Error(message) });
    expect(toMediaError(wrapped).code).toBe("database_failed");
  });

  it.each([
    "get: We encountered an internal error. Please try again. (10001)",
    "put: Service unavailable (10043)",
    "put: Reduce your concurrent request rate for the same object. (10058)",
    "completeMultipartUpload: Unspecified error (0)",
  ])("is an outage of storage: %s", (message) => {
    expect(toMediaError(new Error(message))).toMatchObject({ code: "storage_failed", class: "transient" });
  });

  it.each([
    "D1_ERROR: UNIQUE constraint failed: jobs.id: SQLITE_CONSTRAINT",
    "D1_ERROR: no such table: job: SQLITE_ERROR",
    "put: The key is too long. (10025)",
    "Cannot read properties of undefined",
  ])("is a mistake of ours: %s", (message) => {
    expect(toMediaError(new Error(message)).code).toBe("internal");
  });
});
