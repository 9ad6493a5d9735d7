// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.util.Random;

/**
 * What goes wrong in one run, as likelihoods between 0 and 1; most runs are hit by some of it only.
 *
 * @param crash of a server, at each of its statements
 * @param interleave others act between two statements
 * @param stall of a server, at each of its statements: it stands still there, and goes on later
 * @param lostAnswer of a request that was done
 * @param lostBell of a wake-up
 * @param lostEvent of the cluster
 * @param failedStart of a container
 * @param killedContainer each second, of any
 * @param pausedContainer each second, of any
 * @param hungContainer each second, of any: it does nothing any more and has to be ended
 * @param lostNode each second, with all containers on it
 * @param clusterAway each second: it does not answer for a while
 * @param clusterRefuses of a resize
 * @param clockStep each second, of a server or the database
 */
record Faults(
        double crash,
        double interleave,
        double stall,
        double lostAnswer,
        double lostBell,
        double lostEvent,
        double failedStart,
        double killedContainer,
        double pausedContainer,
        double hungContainer,
        double lostNode,
        double clusterAway,
        double clusterRefuses,
        double clockStep) {
    static final Faults NONE = new Faults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    static Faults of(Random random) {
        return new Faults(
                some(random, 0.003),
                some(random, 0.2),
                some(random, 0.001),
                some(random, 0.1),
                some(random, 0.3),
                some(random, 0.3),
                some(random, 0.3),
                some(random, 0.05),
                some(random, 0.03),
                some(random, 0.01),
                some(random, 0.01),
                some(random, 0.03),
                some(random, 0.1),
                some(random, 0.02));
    }

    private static double some(Random random, double most) {
        return random.nextInt(3) == 0 ? 0 : most * random.nextDouble();
    }
}
