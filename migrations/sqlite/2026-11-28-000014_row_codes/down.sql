DROP TABLE row_codes;
