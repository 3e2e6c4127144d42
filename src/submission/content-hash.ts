import { canonicalDigest } from "../canonical-json.ts";
import type { JobFields } from "./job-fields.ts";
import type { ResolvedOutputs } from "./resolve-outputs.ts";

/**
 * What makes two jobs of an owner the same: the bytes of the input, the outputs with every preset and default
 * resolved, in whatever order they were asked for, and every other field that changes what comes of it. The priority
 * does not. `steps` are those that a preset brings along, too. A `webhook_url` does: whoever asks to be told must be.
 *
 * @returns SHA-256 as hex
 */
export async function contentHash(
  inputSha256: string,
  { kind, outputs }: ResolvedOutputs,
  fields: Omit<JobFields, "steps"> & { steps: readonly unknown[] },
): Promise<string> {
  const {
    priority: _priority,
    force_new: _forced,
    output_specifications: _asWritten,
    metadata_handling: _resolved,
    ...others
  } = fields;
  const byName = outputs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return await canonicalDigest({ input: inputSha256, kind, outputs: byName, ...others });
}
