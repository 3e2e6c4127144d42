ALTER TABLE `jobs` ADD `content_hash` text;--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_content` ON `jobs` (`owner`,`content_hash`) WHERE content_hash IS NOT NULL;