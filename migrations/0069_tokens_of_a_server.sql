-- The server that a git token was stored for, as `https://example.org:8443`; empty where the application's address took none then. The
-- token is told to no other. Without a value, for one stored earlier: the server of whatever address the application has.
alter table git_credentials add column origin text;
