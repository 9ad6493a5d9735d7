-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- What was decided about sizes, and what a client has adjusted since the deployment.

create table scaling_decision (
    pool_id text not null constraint scaling_decision_pool_fk references pool,
    at timestamptz not null,
    from_size integer not null,
    to_size integer not null,
    reason text not null
);
create index scaling_decision_pool on scaling_decision (pool_id, at desc);
create index scaling_decision_age on scaling_decision (at);
comment on table scaling_decision is 'How a pool came to its size, or why it did not change; one row whenever either does.';

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
