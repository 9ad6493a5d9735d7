-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- A call can be cancelled while a container works on it: the container is told until it answers.

alter table input add column cancelling boolean not null default false;
create index input_cancelling on input (container_id) where cancelling;
comment on column input.cancelling is 'Cancelled while its container worked on it, and the container has not said that it stopped.';

create index function_call_workspace on function_call (workspace_id, created_at, id);
create index function_call_function on function_call (function_id, created_at);
