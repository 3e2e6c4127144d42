CREATE TABLE `feed_followers` (
	`owner` text PRIMARY KEY NOT NULL,
	`since` integer NOT NULL
);
