-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- What people ask about apps and environments.

alter table app add column tags text[] not null default '{}';
comment on column app.tags is 'The deployer''s own labels: each a name, "=", a value.';

alter table app_version add column rollback_of integer;
comment on column app_version.rollback_of is 'The version that this one repeats.';
alter table app_version add column commit_info bytea;
comment on column app_version.commit_info is 'Where its sources were at, in the client''s own message.';

alter table environment add column deleted_at timestamptz;
comment on column environment.deleted_at is 'Since when nothing can be looked up in it. Its name is its id then, so that another may have the name.';
