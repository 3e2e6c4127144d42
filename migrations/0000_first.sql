CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`owner` text NOT NULL,
	`name` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_hash_unique` ON `api_keys` (`hash`);--> statement-breakpoint
CREATE TABLE `attempts` (
	`task_id` text NOT NULL,
	`number` integer NOT NULL,
	`job_id` text NOT NULL,
	`lease_token` text NOT NULL,
	`worker_id` text NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer,
	`outcome` text NOT NULL,
	`failure` text,
	`swept_at` integer,
	PRIMARY KEY(`task_id`, `number`)
);
--> statement-breakpoint
CREATE INDEX `attempts_job` ON `attempts` (`job_id`);--> statement-breakpoint
CREATE INDEX `attempts_unswept` ON `attempts` (`finished_at`) WHERE swept_at IS NULL AND outcome IN ('failed', 'lost', 'cancelled');--> statement-breakpoint
CREATE TABLE `derivatives` (
	`object_key` text PRIMARY KEY NOT NULL,
	`media_id` text NOT NULL,
	`type` text NOT NULL,
	`bytes` integer NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `derivatives_media` ON `derivatives` (`media_id`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`media_id` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`priority` text NOT NULL,
	`output_specifications` text NOT NULL,
	`stages` text NOT NULL,
	`current_stage` text,
	`progress_percentage` real DEFAULT 0 NOT NULL,
	`estimated_duration_ms` integer NOT NULL,
	`notes` text DEFAULT '[]' NOT NULL,
	`error` text,
	`request_id` text NOT NULL,
	`traceparent` text,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`deadline_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `jobs_owner` ON `jobs` (`owner`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_owner_status` ON `jobs` (`owner`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_media` ON `jobs` (`media_id`);--> statement-breakpoint
CREATE INDEX `jobs_deadline` ON `jobs` (`deadline_at`) WHERE status IN ('pending', 'processing');--> statement-breakpoint
CREATE TABLE `media` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`kind` text NOT NULL,
	`type` text NOT NULL,
	`filename` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`object_key` text NOT NULL,
	`status` text NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `media_owner` ON `media` (`owner`,`id`);--> statement-breakpoint
CREATE TABLE `outputs` (
	`id` text PRIMARY KEY NOT NULL,
	`job_id` text NOT NULL,
	`task_id` text NOT NULL,
	`name` text NOT NULL,
	`object_key` text NOT NULL,
	`type` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`width` integer,
	`height` integer,
	`duration_seconds` real,
	`tree` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `outputs_job_name` ON `outputs` (`job_id`,`name`);--> statement-breakpoint
CREATE TABLE `task_dependencies` (
	`task_id` text NOT NULL,
	`depends_on` text NOT NULL,
	PRIMARY KEY(`task_id`, `depends_on`)
);
--> statement-breakpoint
CREATE INDEX `task_dependencies_on` ON `task_dependencies` (`depends_on`);--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`job_id` text NOT NULL,
	`kind` text NOT NULL,
	`lane` text NOT NULL,
	`state` text NOT NULL,
	`rank` integer NOT NULL,
	`spec` text NOT NULL,
	`weight` real DEFAULT 1 NOT NULL,
	`available_at` integer NOT NULL,
	`lease_token` text,
	`lease_until` integer,
	`worker_id` text,
	`attempt` integer DEFAULT 0 NOT NULL,
	`counted_failures` integer DEFAULT 0 NOT NULL,
	`system_failures` integer DEFAULT 0 NOT NULL,
	`result` text,
	`created_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `tasks_ready` ON `tasks` (`lane`,`rank`) WHERE state = 'ready';--> statement-breakpoint
CREATE INDEX `tasks_leased` ON `tasks` (`lease_until`) WHERE state = 'leased';--> statement-breakpoint
CREATE INDEX `tasks_lease_token` ON `tasks` (`lease_token`) WHERE state = 'leased';--> statement-breakpoint
CREATE INDEX `tasks_job` ON `tasks` (`job_id`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`object_key` text NOT NULL,
	`multipart_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `uploads_created` ON `uploads` (`created_at`);