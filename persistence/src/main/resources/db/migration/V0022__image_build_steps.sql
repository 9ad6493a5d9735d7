-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0
-- What: which part of what a build said is about which image, and who has had a name of images.

create table image_build_step (
    build_id text not null constraint image_build_step_build_fk references image_build on delete cascade,
    image_id text not null constraint image_build_step_image_fk references image on delete cascade,
    after_ordinal bigint not null,
    last_ordinal bigint,
    ended_at timestamptz not null,
    constraint image_build_step_pk primary key (build_id, image_id)
);
comment on table image_build_step is 'The making of one image in a build, which may make several.';
comment on column image_build_step.last_ordinal is 'Of what was said about it; null for all to the end, as for the one that the build is of.';
create index image_build_step_image on image_build_step (image_id, ended_at);

create table image_name_revision (
    id bigint generated always as identity constraint image_name_revision_pk primary key,
    environment_id text not null,
    name text not null,
    image_id text not null constraint image_name_revision_image_fk references image,
    published_at timestamptz not null,
    constraint image_name_revision_name_fk foreign key (environment_id, name) references image_name on delete cascade
);
comment on table image_name_revision is 'Images that were given a name, also those that have lost it since.';
create index image_name_revision_name on image_name_revision (environment_id, name, id);
create index image_name_revision_image on image_name_revision (image_id);
insert into image_name_revision (environment_id, name, image_id, published_at)
    select environment_id, name, image_id, published_at from image_name;
