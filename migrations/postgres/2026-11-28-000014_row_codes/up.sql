-- The authentication code of each row that decides who may log in and what he may do, under the key that `kid` names,
-- which is a file outside the database. A row without its code is refused at use.
CREATE TABLE row_codes (
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    part TEXT NOT NULL,
    kid TEXT NOT NULL,
    code TEXT NOT NULL CHECK (length(code) = 64),
    PRIMARY KEY (tbl, key, part)
);
CREATE INDEX row_codes_kid ON row_codes (kid);
