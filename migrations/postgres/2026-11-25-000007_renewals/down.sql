ALTER TABLE spent_refreshes DROP COLUMN spent_us;
