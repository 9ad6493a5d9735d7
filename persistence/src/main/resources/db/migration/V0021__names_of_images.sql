-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

create table image_name (
    environment_id text not null constraint image_name_environment_fk references environment,
    name text not null,
    image_id text not null constraint image_name_image_fk references image,
    created_at timestamptz not null,
    published_at timestamptz not null,
    constraint image_name_pk primary key (environment_id, name)
);
comment on table image_name is 'Names under which images are found, with their tags: lab:latest. The last to be published has it.';
create index image_name_image on image_name (image_id);
