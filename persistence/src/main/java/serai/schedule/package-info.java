// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Functions that are called by the clock: when ({@link serai.schedule.Timetable}, pure), what became of it ({@link
 * serai.schedule.Schedules}). Nothing here ticks.
 */
package serai.schedule;
