DROP TABLE request_replies;
DROP TABLE request_addressees;
DROP TABLE requests;
