CREATE TABLE `image_analyses` (
	`sha256` text PRIMARY KEY NOT NULL,
	`analysis` text NOT NULL,
	`created_at` integer NOT NULL
);
