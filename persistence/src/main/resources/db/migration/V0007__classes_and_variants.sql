-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- Classes, and functions that are bound to parameters and options.

create table app_class (
    id text constraint app_class_pk primary key,
    workspace_id text not null constraint app_class_workspace_fk references workspace,
    app_id text not null constraint app_class_app_fk references app,
    created_at timestamptz not null default now()
);
create index app_class_app on app_class (app_id);
comment on table app_class is 'A class, as a publication names it. Its methods are one function, named CLASS.*';

alter table function add base_id text constraint function_base_fk references function;
alter table function add params bytea;
alter table function add options bytea;
alter table function add binding text;
create unique index function_binding_unique on function (base_id, binding) where base_id is not null;
comment on column function.base_id is 'The function of which this is a variant, with pools of its own. Null for one of its own.';
comment on column function.params is 'What a class is constructed with, in the client''s words.';
comment on column function.options is 'What the variant asks for instead of its base, in the client''s words. Null: it runs by the base''s own definition.';
comment on column function.binding is 'Digest of params and options: the same ones are the same variant.';

alter table definition add template boolean not null default false;
comment on column definition.template is 'Only variants of it run, since it lacks parameters: it has no pool of its own.';
