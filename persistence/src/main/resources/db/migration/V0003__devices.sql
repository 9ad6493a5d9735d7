-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- GPUs, in the order in which the deployer wants them, and pools that share one queue.

alter table definition add gpus text[] not null default '{}';
comment on column definition.gpus is 'GPU requests by rank, as NAME:COUNT; empty for none.';

alter table pool add queue_id text constraint pool_queue_fk references pool;
comment on column pool.queue_id is 'The pool whose inputs its containers work on: that of rank 0. Null for itself.';
create index pool_queue on pool (queue_id) where queue_id is not null and state <> 'GONE';

alter table pool add unplaced integer not null default 0;
alter table pool add unplaced_reason text not null default '';
alter table pool add unplaced_since timestamptz;
alter table pool add closed_until timestamptz;
comment on column pool.unplaced is 'Containers that were asked for and find no place, as the cluster said last.';
comment on column pool.closed_until is 'Until when the next rank is asked although this one asks for nothing.';
create index pool_unplaced on pool (app_id) where unplaced > 0;
