-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

alter table definition add single_use boolean not null default false;
comment on column definition.single_use is 'Each container works on one input and ends.';
