-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0
-- What: layers that a function of the user's writes, and the apps that such functions run in.

alter table app add column internal boolean not null default false;
comment on column app.internal is 'Whether the platform made it for its own work: users do not find it among theirs.';

alter table image add column function_input bytea;
comment on column image.function_input is 'What the function that makes it is called with, as the client''s message; null for one that commands make.';

alter table image_build
    add column function_id text constraint image_build_function_fk references function,
    add column call_id text,
    add column calls integer not null default 0;
comment on column image_build.function_id is 'Whose container makes the layer; null for commands. Its app is internal and ends with the build.';
comment on column image_build.call_id is 'The call in which it does, once what is below is there; the last one, if containers were lost.';
create index image_build_function on image_build (function_id) where function_id is not null;
