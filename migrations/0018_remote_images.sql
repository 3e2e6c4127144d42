CREATE TABLE `remote_images` (
	`media_id` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`etag` text,
	`fresh_until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `remote_images_fresh` ON `remote_images` (`fresh_until`);