-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0
-- What: images that have to be built, their builds, and the layers that come of them.

alter table image
    add column base_system text,
    add column entrypoint jsonb,
    add column run_as text,
    add column needs_build boolean not null default false,
    add column steps jsonb not null default '[]',
    add column secrets text[] not null default '{}',
    add column layer text,
    add column used_at timestamptz not null default now();
comment on column image.base_system is 'What FROM names, where the image does not stand on another one.';
comment on column image.steps is 'What its build does, in order; empty where nothing has to be done.';
comment on column image.secrets is 'Ids of those whose variables the commands of its build see.';
comment on column image.layer is 'Digest of what its build made; null until then, and after it was collected as garbage.';

alter table image_mount add column ordinal integer not null default 0;

create table layer (
    digest text constraint layer_pk primary key,
    size bigint not null,
    created_at timestamptz not null,
    used_at timestamptz not null
);
comment on table layer is 'A directory of files over others, by its content. Nodes keep it; several images may have the same.';

create table image_build (
    id text constraint image_build_pk primary key,
    image_id text not null constraint image_build_image_fk references image on delete cascade,
    workspace_id text not null constraint image_build_workspace_fk references workspace,
    secret text not null,
    token bytea,
    allocation_id text,
    tries integer not null default 0,
    state text not null,
    declared boolean not null default false,
    forced boolean not null default false,
    reason text not null default '',
    log_ordinal bigint not null default 0,
    created_at timestamptz not null,
    waited_at timestamptz not null,
    heard_at timestamptz,
    ended_at timestamptz
);
comment on table image_build is 'One attempt at an image: a job of the cluster. Its id is the job''s name.';
comment on column image_build.forced is 'Whether it makes a layer that is there already anew.';
create unique index image_build_one on image_build (image_id) where ended_at is null;

create table image_build_log (
    build_id text not null constraint image_build_log_build_fk references image_build on delete cascade,
    ordinal bigint not null,
    at timestamptz not null,
    stream integer not null,
    content text not null,
    constraint image_build_log_pk primary key (build_id, ordinal)
);
comment on table image_build_log is 'What a build said, in chunks.';
