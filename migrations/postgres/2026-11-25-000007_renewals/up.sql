-- When a refresh token was spent: for a few seconds a browser may still come with it, from another tab.
ALTER TABLE spent_refreshes ADD COLUMN spent_us BIGINT NOT NULL DEFAULT 0;
