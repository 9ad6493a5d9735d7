-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- Functions that are called by HTTP.

create table web_endpoint (
    definition_id text not null constraint web_endpoint_definition_fk references definition on delete cascade,
    method text not null default '',
    name text not null,
    constraint web_endpoint_pk primary key (definition_id, method, name)
);
create index web_endpoint_name on web_endpoint (name);
comment on table web_endpoint is 'Under which host a definition is called by HTTP: a label or a whole custom domain. It counts while the definition is the published one.';

create table proxy_token (
    id text constraint proxy_token_pk primary key,
    workspace_id text not null constraint proxy_token_workspace_fk references workspace,
    name text not null default '',
    secret_hash bytea not null,
    created_at timestamptz not null default now()
);
create index proxy_token_workspace on proxy_token (workspace_id, created_at);
comment on table proxy_token is 'What a caller of a protected endpoint presents. Of the secret only its SHA-256 is kept: it has 128 random bits. A token that is revoked is deleted.';
