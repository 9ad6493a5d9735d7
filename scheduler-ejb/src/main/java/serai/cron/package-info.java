// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * The clock that fires schedules. When a schedule fires, and that a slot fires once, is known to {@link serai.schedule}.
 */
package serai.cron;
