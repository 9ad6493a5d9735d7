-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

alter table image_build add column client_version text not null default '';
comment on column image_build.client_version is 'Of whom it was begun for: its runtime goes into what is published.';

create table image_publication (
    image_id text not null constraint image_publication_image_fk references image on delete cascade,
    client_version text not null,
    reference text not null,
    published_at timestamptz not null,
    constraint image_publication_pk primary key (image_id, client_version)
);
comment on table image_publication is 'Images in a registry, from which a container engine runs them.';
comment on column image_publication.reference is 'With its digest: what is there never changes.';
