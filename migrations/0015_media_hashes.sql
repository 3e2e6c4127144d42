CREATE TABLE `media_hashes` (
	`media_id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`hash` text,
	`band0` integer,
	`band1` integer,
	`band2` integer,
	`band3` integer
);
--> statement-breakpoint
CREATE INDEX `media_hashes_band0` ON `media_hashes` (`owner`,`band0`);--> statement-breakpoint
CREATE INDEX `media_hashes_band1` ON `media_hashes` (`owner`,`band1`);--> statement-breakpoint
CREATE INDEX `media_hashes_band2` ON `media_hashes` (`owner`,`band2`);--> statement-breakpoint
CREATE INDEX `media_hashes_band3` ON `media_hashes` (`owner`,`band3`);