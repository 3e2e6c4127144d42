ALTER TABLE `api_keys` ADD `cpu_seconds_per_day` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `cpu_day` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `cpu_seconds` real DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `jobs` ADD `key_id` text;--> statement-breakpoint
ALTER TABLE `attempts` ADD `cpu_seconds` real;