-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- Several servers on one database. What they say of themselves and to each other need not survive the database's crash.

create unlogged table server (
    id text constraint server_pk primary key,
    http_url text not null,
    rpc_url text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);
comment on table server is 'A server that runs now, by its own word. One that was not seen for some seconds is gone.';

create unlogged table lease (
    name text constraint lease_pk primary key,
    server_id text not null,
    until timestamptz not null
);
comment on table lease is 'Work that one server does for all: looks at a pool, the reaper. By this database''s clock.';

create table failed_start (
    allocation_id text constraint failed_start_pk primary key,
    at timestamptz not null default now()
);
comment on table failed_start is 'An allocation that failed without becoming a container. Every server hears of it, one counts it.';

alter table pool add gave_up_at timestamptz;
comment on column pool.gave_up_at is 'When its starts had failed too often and what waited for it failed.';
