-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- What a client has adjusted since the deployment.

create table adjustment (
    function_id text constraint adjustment_pk primary key,
    definition_id text not null,
    min_containers integer not null,
    max_containers integer not null,
    buffer_containers integer not null,
    scaledown_window_ms bigint not null,
    adjusted_at timestamptz not null,
    constraint adjustment_function_fk foreign key (function_id) references function,
    constraint adjustment_definition_fk foreign key (definition_id) references definition
);
comment on table adjustment is 'Autoscaler settings that a client has set since the deployment. They hold for the definition that was the function''s then: the next deployment ends them.';

create index pool_workspace_size on pool (workspace_id) where size > 0;
