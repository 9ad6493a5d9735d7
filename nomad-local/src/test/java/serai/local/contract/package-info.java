// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * What a Nomad must do for us, as tests over plain HTTP. The expectations are recordings of a real Nomad. They run against
 * nomad-local, and against a real one too when {@code NOMAD_ADDR} is set.
 */
package serai.local.contract;
