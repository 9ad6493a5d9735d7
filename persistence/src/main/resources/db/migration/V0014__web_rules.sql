-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- How much a function that is called by HTTP lets in, and from whom.

create table web_rules (
    function_id text constraint web_rules_pk primary key constraint web_rules_function_fk references function on delete cascade,
    rate_requests integer,
    rate_per_ms bigint,
    caller_rate_requests integer,
    caller_rate_per_ms bigint,
    concurrency integer,
    caller_concurrency integer,
    allowed text[],
    max_waiting integer,
    max_waiting_bytes bigint,
    max_wait_ms bigint,
    max_body bigint,
    redirect_after_ms bigint,
    client_patience_ms bigint,
    constraint web_rules_rate check ((rate_requests is null) = (rate_per_ms is null)),
    constraint web_rules_caller_rate check ((caller_rate_requests is null) = (caller_rate_per_ms is null))
);
comment on table web_rules is 'What the gateway asks of the callers of one function. What is null is as the settings of the server have it.';

create table rate_bucket (
    id text constraint rate_bucket_pk primary key,
    state bytea,
    expires_at bigint
);
create index rate_bucket_expired on rate_bucket (expires_at);
comment on table rate_bucket is 'Token buckets of functions and of their callers, in the format of bucket4j; expires_at in milliseconds since 1970. A full one may go.';

alter table function_call add column wanted_until timestamptz;
comment on column function_call.wanted_until is 'Until when somebody has to come for the answer of an HTTP request whose client was sent on; null while one waits for it.';
