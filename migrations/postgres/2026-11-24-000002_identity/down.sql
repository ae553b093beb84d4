DROP TABLE stranger_noise;
DROP TABLE spent_refreshes;
DROP TABLE sign_ins;
DROP TABLE recovery_codes;
DROP TABLE accounts;
DROP TABLE invitations;
DROP TABLE suspensions;
DROP TABLE enrolments;
