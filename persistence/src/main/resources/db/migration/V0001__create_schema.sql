-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- Who: workspaces, their environments, and the tokens that act for them.

create table workspace (
    id text constraint workspace_pk primary key,
    name text not null constraint workspace_name_unique unique,
    created_at timestamptz not null default now()
);
comment on table workspace is 'A tenant. Nothing is visible from one workspace to another.';

create table environment (
    id text constraint environment_pk primary key,
    workspace_id text not null constraint environment_workspace_fk references workspace,
    name text not null,
    standard boolean not null default false,
    created_at timestamptz not null default now(),
    constraint environment_name_unique unique (workspace_id, name)
);
comment on table environment is 'A name space inside a workspace; the standard one is meant when a request names none.';

create table api_token (
    id text constraint api_token_pk primary key,
    workspace_id text not null constraint api_token_workspace_fk references workspace,
    secret_hash bytea not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
comment on table api_token is 'What a client presents. Of the secret only its SHA-256 is kept: it has 128 random bits.';

-- What: content, images, apps, functions and their definitions.

create table blob (
    id text constraint blob_pk primary key,
    workspace_id text not null constraint blob_workspace_fk references workspace,
    size bigint not null,
    sha256 text,
    stored_at timestamptz,
    created_at timestamptz not null default now()
);
comment on table blob is 'A payload too large to travel inline. The bytes lie in the blob store; stored_at is null until they are whole.';

create table mount_content (
    workspace_id text not null constraint mount_content_workspace_fk references workspace,
    sha256 text not null,
    size bigint not null,
    blob_id text not null constraint mount_content_blob_fk references blob,
    created_at timestamptz not null default now(),
    constraint mount_content_pk primary key (workspace_id, sha256)
);
comment on table mount_content is 'A source file by its content, uploaded once for each workspace.';

create table mount (
    id text constraint mount_pk primary key,
    workspace_id text not null constraint mount_workspace_fk references workspace,
    environment_id text not null constraint mount_environment_fk references environment,
    name text,
    checksum text not null,
    created_at timestamptz not null default now()
);
create unique index mount_name_unique on mount (environment_id, name) where name is not null;
comment on table mount is 'A set of files with their places in a container.';

create table mount_file (
    mount_id text not null constraint mount_file_mount_fk references mount on delete cascade,
    path text not null,
    sha256 text not null,
    mode integer not null,
    constraint mount_file_pk primary key (mount_id, path)
);
comment on table mount_file is 'One file of a mount: absolute path in the container, content, permission bits.';

create table image (
    id text constraint image_pk primary key,
    workspace_id text not null constraint image_workspace_fk references workspace,
    base_id text constraint image_base_fk references image,
    builder_version text not null,
    python_version text,
    environment jsonb not null default '{}',
    workdir text,
    created_at timestamptz not null default now()
);
comment on table image is 'What a container finds around its code, one row for each layer definition.';

create table image_mount (
    image_id text not null constraint image_mount_image_fk references image on delete cascade,
    mount_id text not null constraint image_mount_mount_fk references mount,
    constraint image_mount_pk primary key (image_id, mount_id)
);
comment on table image_mount is 'Local files that are part of an image.';

create table app (
    id text constraint app_pk primary key,
    workspace_id text not null constraint app_workspace_fk references workspace,
    environment_id text not null constraint app_environment_fk references environment,
    name text,
    description text not null,
    state text not null,
    version integer not null default 0,
    log_ordinal bigint not null default 0,
    created_at timestamptz not null default now(),
    deployed_at timestamptz,
    stopped_at timestamptz,
    heartbeat_at timestamptz not null default now()
);
create unique index app_name_unique on app (environment_id, name) where name is not null and state = 'DEPLOYED';
create index app_workspace on app (workspace_id, created_at);
comment on table app is 'A named set of functions. log_ordinal numbers its log chunks and is drawn under the row''s lock.';

create table function (
    id text constraint function_pk primary key,
    workspace_id text not null constraint function_workspace_fk references workspace,
    environment_id text not null constraint function_environment_fk references environment,
    app_id text not null constraint function_app_fk references app,
    name text not null,
    definition_id text,
    created_at timestamptz not null default now()
);
create index function_app on function (app_id);
comment on table function is 'Code with resources, image and autoscaler settings. It keeps its id over deployments; its definition changes.';

create table definition (
    id text constraint definition_pk primary key,
    function_id text not null constraint definition_function_fk references function,
    content bytea not null,
    data bytea not null,
    handle bytea not null,
    min_containers integer not null,
    max_containers integer not null,
    buffer_containers integer not null,
    scaledown_window_ms bigint not null,
    concurrency integer not null,
    retries integer not null,
    retry_initial_delay_ms bigint not null,
    retry_max_delay_ms bigint not null,
    retry_backoff double precision not null,
    timeout_ms bigint not null,
    startup_timeout_ms bigint not null,
    milli_cpu integer not null,
    memory_mb integer not null,
    memory_max_mb integer not null,
    disk_mb integer not null,
    image_id text constraint definition_image_fk references image,
    mounts text[] not null,
    client_version text,
    created_at timestamptz not null default now()
);
create index definition_function on definition (function_id);
comment on table definition is 'One version of a function as the client described it (serialized, unknown fields kept), with what the platform itself needs in columns.';
alter table function add constraint function_definition_fk foreign key (definition_id) references definition;

create table app_version (
    app_id text not null constraint app_version_app_fk references app,
    version integer not null,
    tag text not null,
    published_at timestamptz not null default now(),
    client_version text,
    constraint app_version_pk primary key (app_id, version)
);
comment on table app_version is 'One publication of an app.';

create table app_object (
    app_id text not null,
    version integer not null,
    tag text not null,
    kind text not null,
    object_id text not null,
    definition_id text constraint app_object_definition_fk references definition,
    constraint app_object_pk primary key (app_id, version, kind, tag),
    constraint app_object_version_fk foreign key (app_id, version) references app_version
);
comment on table app_object is 'What a publication holds under which name.';

-- Where: pools and their containers.

create table pool (
    id text constraint pool_pk primary key,
    workspace_id text not null constraint pool_workspace_fk references workspace,
    environment_id text not null constraint pool_environment_fk references environment,
    app_id text not null constraint pool_app_fk references app,
    function_id text not null constraint pool_function_fk references function,
    definition_id text not null constraint pool_definition_fk references definition,
    rank integer not null default 0,
    secret text not null,
    state text not null,
    size integer not null default 0,
    declared boolean not null default false,
    failures integer not null default 0,
    reason text not null default '',
    reason_at timestamptz not null default now(),
    last_demand_at timestamptz,
    created_at timestamptz not null default now()
);
create unique index pool_definition_unique on pool (function_id, definition_id, rank) where state = 'ACTIVE';
create index pool_awake on pool (state) where state <> 'GONE';
comment on table pool is 'What scales: one definition at one GPU rank, one job of the cluster. size is the total that was asked of the cluster last.';

create table container (
    id text constraint container_pk primary key,
    workspace_id text not null constraint container_workspace_fk references workspace,
    environment_id text not null constraint container_environment_fk references environment,
    app_id text not null constraint container_app_fk references app,
    function_id text not null constraint container_function_fk references function,
    pool_id text not null constraint container_pool_fk references pool,
    allocation_id text not null constraint container_allocation_unique unique,
    ordinal integer not null,
    node text not null,
    secret_hash bytea not null,
    state text not null,
    created_at timestamptz not null default now(),
    ready_at timestamptz,
    heartbeat_at timestamptz not null default now(),
    idle_since timestamptz,
    ended_at timestamptz,
    exit_code integer,
    reason text not null default ''
);
create index container_live on container (pool_id, ordinal) where state <> 'ENDED';
create index container_app on container (app_id, created_at);
comment on table container is 'One running copy of a function. Its heartbeat is the lease of every input it holds.';

-- The queue. Payloads lie apart from states, so that a claim touches narrow rows.

create table function_call (
    id text constraint function_call_pk primary key,
    workspace_id text not null constraint function_call_workspace_fk references workspace,
    environment_id text not null,
    app_id text not null,
    function_id text not null,
    kind text not null,
    invocation integer not null,
    parent_input_id text,
    inputs integer not null default 0,
    outputs integer not null default 0,
    created_at timestamptz not null default now()
);
create index function_call_app on function_call (app_id, created_at);
create index function_call_parent on function_call (parent_input_id) where parent_input_id is not null;
comment on table function_call is 'What a client holds: inputs and their outputs. outputs numbers the results and is drawn under the row''s lock.';

create table input (
    id text constraint input_pk primary key,
    seq bigint generated always as identity,
    call_id text not null constraint input_call_fk references function_call on delete cascade,
    idx integer not null,
    app_id text not null,
    pool_id text not null constraint input_pool_fk references pool,
    method text not null default '',
    state text not null,
    attempt integer not null default 0,
    retries integer not null default 0,
    losses integer not null default 0,
    container_id text,
    claim_key text,
    available_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    claimed_at timestamptz,
    finished_at timestamptz
);
create index input_pending on input (pool_id, seq) where state = 'PENDING';
create index input_running on input (container_id) where state = 'RUNNING';
create index input_held on input (container_id, claimed_at desc);
create index input_call on input (call_id, idx);
create index input_app_open on input (app_id) where state in ('PENDING', 'RUNNING');
comment on table input is 'One set of arguments and what became of it. attempt fences: a result of an older attempt is refused.';

create table input_payload (
    input_id text constraint input_payload_pk primary key,
    content bytea not null,
    constraint input_payload_input_fk foreign key (input_id) references input on delete cascade
);
comment on table input_payload is 'The arguments as the client sent them.';

create table output (
    call_id text not null constraint output_call_fk references function_call on delete cascade,
    ordinal integer not null,
    input_id text not null constraint output_input_unique unique,
    idx integer not null,
    status text not null,
    content bytea,
    reason text not null default '',
    created_at timestamptz not null default now(),
    constraint output_pk primary key (call_id, ordinal)
);
comment on table output is 'The one accepted result of an input; ordinal is the order of completion within its call. content is the container''s own words, absent where the platform decided, with its reason.';

create table data_chunk (
    call_id text not null constraint data_chunk_call_fk references function_call on delete cascade,
    direction text not null,
    ordinal bigint not null,
    content bytea not null,
    constraint data_chunk_pk primary key (call_id, direction, ordinal)
);
comment on table data_chunk is 'What a running call streams, OUT of a generator or IN to it.';

create table replay (
    workspace_id text not null,
    method text not null,
    key text not null,
    response bytea not null,
    created_at timestamptz not null default now(),
    constraint replay_pk primary key (workspace_id, method, key)
);
create index replay_age on replay (created_at);
comment on table replay is 'Answers to requests with an idempotency key, kept for some minutes.';

-- Logs, by day, so that old ones go at the price of dropping a table.

create table log_chunk (
    app_id text not null,
    ordinal bigint not null,
    at timestamptz not null,
    container_id text not null,
    function_id text not null,
    call_id text,
    input_id text,
    stream smallint not null,
    content text not null,
    constraint log_chunk_pk primary key (at, app_id, ordinal)
) partition by range (at);
create index log_chunk_app on log_chunk (app_id, ordinal);
create table log_chunk_rest partition of log_chunk default;
comment on table log_chunk is 'What containers wrote; stream 1 is stdout, 2 stderr, 3 the platform itself.';
