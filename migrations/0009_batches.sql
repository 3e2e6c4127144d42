CREATE TABLE `batches` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`on_item_failure` text NOT NULL,
	`webhook_url` text,
	`request_id` text NOT NULL,
	`traceparent` text,
	`status` text,
	`created_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `batches_owner` ON `batches` (`owner`,`id`);--> statement-breakpoint
CREATE INDEX `batches_fail_fast` ON `batches` (`id`) WHERE finished_at IS NULL AND on_item_failure = 'fail_fast';--> statement-breakpoint
ALTER TABLE `jobs` ADD `batch_id` text;--> statement-breakpoint
CREATE INDEX `jobs_batch` ON `jobs` (`batch_id`,`id`) WHERE batch_id IS NOT NULL;