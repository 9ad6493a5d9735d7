-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

alter table image add column gpu text;
comment on column image.gpu is 'What its build is given, as H100:2; null for none.';
