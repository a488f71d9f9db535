-- What a refresh token was replaced with when whoever used it chose that: the same use again is answered again, as long as the next
-- one is not used. An answer can be lost on its way.
alter table refresh_tokens add column successor bytea;
