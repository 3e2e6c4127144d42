DROP INDEX `tasks_ready`;--> statement-breakpoint
ALTER TABLE `tasks` ADD `priority` text DEFAULT 'normal' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `slot_size` text DEFAULT 'standard' NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `memory_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `disk_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tasks` ADD `retry_class` text;--> statement-breakpoint
CREATE INDEX `tasks_waiting` ON `tasks` (`lane`,`slot_size`,`priority`,`available_at`) WHERE state = 'ready';--> statement-breakpoint
CREATE INDEX `tasks_retrying` ON `tasks` (`priority`) WHERE state = 'leased' AND retry_class IS NOT NULL;--> statement-breakpoint
CREATE INDEX `tasks_ready` ON `tasks` (`lane`,`slot_size`,`rank`,`available_at`,`retry_class`,`priority`) WHERE state = 'ready';