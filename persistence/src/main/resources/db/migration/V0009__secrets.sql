-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- What functions must know and nobody may read.

create table secret (
    id text constraint secret_pk primary key,
    workspace_id text not null constraint secret_workspace_fk references workspace,
    environment_id text not null constraint secret_environment_fk references environment,
    app_id text constraint secret_app_fk references app,
    name text,
    names text[] not null,
    key_id text not null,
    wrapped_key bytea not null,
    content bytea not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz
);
create unique index secret_name_unique on secret (environment_id, name) where name is not null;
create index secret_app on secret (app_id) where app_id is not null;
create index secret_key on secret (key_id);
comment on table secret is 'Variables for containers. content is encrypted under a data key of its own, which is wrapped by the master key key_id; names are those of the variables. One without a name belongs to its app, or to whoever got its id.';

alter table definition add column secrets text[] not null default '{}';
comment on column definition.secrets is 'Ids of the secrets whose variables its containers get; of two values for one name the later one counts.';
