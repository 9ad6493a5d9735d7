-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- When: functions that are called by the clock.

create table timetable (
    definition_id text constraint timetable_pk primary key,
    kind text not null,
    expression text not null,
    timezone text not null,
    payload bytea not null,
    invocation integer not null,
    constraint timetable_definition_fk foreign key (definition_id) references definition
);
comment on table timetable is 'When a definition wants to be called, and with what: payload and invocation are the edge''s own words. It takes effect when the definition does.';

create table schedule (
    id text constraint schedule_pk primary key,
    workspace_id text not null constraint schedule_workspace_fk references workspace,
    environment_id text not null constraint schedule_environment_fk references environment,
    app_id text not null constraint schedule_app_fk references app,
    function_id text not null constraint schedule_function_fk references function,
    definition_id text not null constraint schedule_definition_fk references definition,
    kind text not null,
    expression text not null,
    timezone text not null,
    since timestamptz not null,
    next_at timestamptz,
    paused_at timestamptz,
    resumed_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz not null default now(),
    constraint schedule_function_unique unique (function_id)
);
create index schedule_due on schedule (next_at) where ended_at is null and (paused_at is null or resumed_at is not null);
create index schedule_app on schedule (app_id);
create index schedule_workspace on schedule (workspace_id);
comment on table schedule is 'The timetable by which a deployed function is called now. It keeps its id over deployments; since is when its timetable took effect, from which a period counts. Paused while paused_at is set and resumed_at is not; next_at is the first slot that is neither fired nor skipped.';

create table firing (
    schedule_id text not null constraint firing_schedule_fk references schedule on delete cascade,
    slot timestamptz not null,
    fired_at timestamptz not null,
    late boolean not null,
    outcome text not null,
    call_id text,
    reason text not null default '',
    constraint firing_pk primary key (schedule_id, slot)
);
create index firing_age on firing (fired_at);
comment on table firing is 'What became of one slot of a schedule, FIRED or SKIPPED. It is committed with its call, so a slot fires once, however many servers look. The call may be forgotten before the firing is.';
