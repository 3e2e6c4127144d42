CREATE TABLE `duration_history` (
	`kind` text NOT NULL,
	`size_bucket` integer NOT NULL,
	`output_count` integer NOT NULL,
	`samples` integer NOT NULL,
	`recent` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`kind`, `size_bucket`, `output_count`)
);
--> statement-breakpoint
ALTER TABLE `jobs` ADD `estimate` text;