import { z } from "zod";
import { watermark } from "../image/watermark.ts";

/** One piece of chained work, every default and name already resolved. */
export const plannedStep = z.union([
  z.strictObject({ watermark }),
  z.strictObject({ ship: z.strictObject({ destinationId: z.string(), destinationName: z.string() }) }),
]);
export type PlannedStep = z.infer<typeof plannedStep>;
