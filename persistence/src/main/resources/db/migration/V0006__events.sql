-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- Why things were done to a function's containers, for whoever asks later.

create table event (
    id bigint generated always as identity constraint event_pk primary key,
    at timestamptz not null default now(),
    function_id text not null,
    pool_id text not null,
    container_id text,
    kind text not null,
    reason text not null
);
comment on table event is 'A decision on a pool, or what became of one of its containers, with its reason.';
create index event_function on event (function_id, id);
create index event_at on event using brin (at);
