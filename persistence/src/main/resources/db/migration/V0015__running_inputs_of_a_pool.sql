-- Copyright the Serai authors
-- SPDX-License-Identifier: Apache-2.0

-- each look at a pool counts them; without it, the whole table was read for that
create index input_running_of_pool on input (pool_id) where state = 'RUNNING';
