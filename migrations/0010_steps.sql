CREATE TABLE `activity` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`type` text NOT NULL,
	`file_kind` text NOT NULL,
	`filename` text NOT NULL,
	`bytes` integer NOT NULL,
	`worker` text NOT NULL,
	`media_id` text,
	`job_id` text,
	`destination_id` text,
	`receipt_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `activity_owner` ON `activity` (`owner`,`id`);--> statement-breakpoint
CREATE INDEX `activity_created` ON `activity` (`created_at`);--> statement-breakpoint
CREATE TABLE `destinations` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`url` text NOT NULL,
	`settings` text NOT NULL,
	`sealed` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `destinations_owner_name` ON `destinations` (`owner`,`name`);--> statement-breakpoint
CREATE TABLE `receipts` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`worker_name` text NOT NULL,
	`filename` text NOT NULL,
	`type` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`object_key` text NOT NULL,
	`delivery_id` text,
	`details` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `receipts_owner` ON `receipts` (`owner`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `receipts_delivery` ON `receipts` (`owner`,`delivery_id`,`sha256`) WHERE delivery_id IS NOT NULL;--> statement-breakpoint
ALTER TABLE `jobs` ADD `steps` text DEFAULT '[]' NOT NULL;