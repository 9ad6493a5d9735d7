-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0
-- What: calls are found by their age, and apps that are watched among all that have ever run.

create index function_call_created on function_call (created_at);
create index app_watched on app (state) where state in ('INITIALIZING', 'EPHEMERAL', 'STOPPING');
