CREATE TABLE `dead_letters` (
	`job_id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`media_id` text NOT NULL,
	`kind` text NOT NULL,
	`priority` text NOT NULL,
	`output_specifications` text NOT NULL,
	`request_id` text NOT NULL,
	`class` text NOT NULL,
	`code` text NOT NULL,
	`error` text NOT NULL,
	`history` text NOT NULL,
	`run` integer NOT NULL,
	`job_created_at` integer NOT NULL,
	`failed_at` integer NOT NULL,
	`notes` text DEFAULT '' NOT NULL,
	`resolution` text,
	`resolved_at` integer
);
--> statement-breakpoint
CREATE INDEX `dead_letters_owner` ON `dead_letters` (`owner`,`job_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_resolved` ON `dead_letters` (`resolved_at`) WHERE resolution IS NOT NULL;--> statement-breakpoint
CREATE TABLE `dead_messages` (
	`id` text PRIMARY KEY NOT NULL,
	`queue` text NOT NULL,
	`body` text NOT NULL,
	`reason` text NOT NULL,
	`received_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `job_runs` (
	`job_id` text NOT NULL,
	`number` integer NOT NULL,
	`status` text NOT NULL,
	`error` text,
	`outputs_failed` text NOT NULL,
	`started_at` integer,
	`finished_at` integer NOT NULL,
	`retried_at` integer NOT NULL,
	PRIMARY KEY(`job_id`, `number`)
);
--> statement-breakpoint
CREATE TABLE `output_failures` (
	`job_id` text NOT NULL,
	`name` text NOT NULL,
	`task_id` text NOT NULL,
	`failure` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`job_id`, `name`)
);
--> statement-breakpoint
ALTER TABLE `attempts` ADD `run` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `attempts` ADD `retry_at` integer;--> statement-breakpoint
ALTER TABLE `attempts` ADD `peak_memory_bytes` integer;--> statement-breakpoint
ALTER TABLE `jobs` ADD `allow_partial` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `jobs` ADD `run` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `output_names` text DEFAULT '[]' NOT NULL;