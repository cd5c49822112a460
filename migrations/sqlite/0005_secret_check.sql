CREATE TABLE `secret_check` (
	`id` integer PRIMARY KEY NOT NULL,
	`fingerprint` text NOT NULL
);
