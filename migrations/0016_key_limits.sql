ALTER TABLE `api_keys` ADD `requests_per_minute` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `jobs_per_day` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `bytes_per_day` integer;