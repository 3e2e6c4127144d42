/** Where things lie in R2. Prefixes: `media/` originals, `outputs/` results, `derived/` images made on demand. */
export function originalKey(mediaId: string): string {
  return `media/${mediaId}/original`;
}

/** Everything that belongs to a job, all attempts. */
export function jobPrefix(jobId: string): string {
  return `outputs/${jobId}/`;
}
