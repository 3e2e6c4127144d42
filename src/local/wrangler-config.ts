import { unstable_readConfig } from "wrangler";

/** Of `wrangler.toml`, what is read here; paths are absolute. */
export interface WranglerConfig {
  compatibility_date: string;
  compatibility_flags: string[];
  vars: Record<string, string>;
  triggers: { crons: string[] };
  r2_buckets: { bucket_name: string }[];
  d1_databases: { database_name: string }[];
  queues: { producers: { queue: string }[]; consumers: { queue: string; dead_letter_queue?: string }[] };
  durable_objects: { bindings: { name: string; class_name: string }[] };
  migrations: { tag: string; new_sqlite_classes?: string[] }[];
  containers: { class_name: string; image: string; max_instances: number }[];
}

/** What an account must have before the worker can be deployed to it. */
export interface AccountParts {
  buckets: string[];
  databases: string[];
  /** Dead-letter queues among them. */
  queues: string[];
}

/** Throws where wrangler would refuse the file. */
export function readWranglerConfig(path: string): WranglerConfig {
  return unstable_readConfig({ config: path });
}

export function accountParts({ r2_buckets, d1_databases, queues }: WranglerConfig): AccountParts {
  const filled = queues.producers.map(({ queue }) => queue);
  const drained = queues.consumers.flatMap(({ queue, dead_letter_queue }) => [
    queue,
    dead_letter_queue ?? queue,
  ]);
  return {
    buckets: r2_buckets.map(({ bucket_name }) => bucket_name),
    databases: d1_databases.map(({ database_name }) => database_name),
    queues: [...new Set([...filled, ...drained])],
  };
}
