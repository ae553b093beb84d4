DROP TABLE proposals;
DROP TABLE elections;
DROP TABLE designations;
DROP TABLE standings;
DROP TABLE party_names;
DROP TABLE acts;
DROP TABLE people;
DROP TABLE parties;
