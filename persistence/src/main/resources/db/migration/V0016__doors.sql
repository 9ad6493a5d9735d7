-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

alter table definition add column serves boolean not null default false;
comment on column definition.serves is 'Whether its containers are HTTP servers, to which the gateway passes requests: no inputs.';

create table door (
    container_id text not null constraint door_pk primary key constraint door_container_fk references container on delete cascade,
    entered boolean not null default false,
    host text,
    port integer,
    token text,
    listening boolean not null default false
);
comment on table door is 'Where the gateway reaches a container that serves HTTP. It counts as soon as its code was entered and something listens.';

create table door_hold (
    container_id text not null constraint door_hold_container_fk references container on delete cascade,
    server_id text not null,
    in_use integer not null,
    constraint door_hold_pk primary key (container_id, server_id)
);
comment on table door_hold is 'Containers that a server sends requests to now, and how many it has under way there. They are not idle.';

create table door_wait (
    pool_id text not null constraint door_wait_pool_fk references pool on delete cascade,
    server_id text not null,
    waiting integer not null,
    constraint door_wait_pk primary key (pool_id, server_id)
);
comment on table door_wait is 'Requests that wait at a server for a container of the pool, or found all of them full.';
