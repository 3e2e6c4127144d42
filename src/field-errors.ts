import type { z } from "zod";
import type { FieldError } from "./errors.ts";

/** zod's issues as the paths that the client wrote; an unknown key is named as a path of its own. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...path, key].join("."),
        message: "There is no such field.",
      }));
    }
    return [{ path: path.join("."), message: issue.message }];
  });
}
