// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The command line of the application server's JVM: what "asadmin start-domain" would start, without the second JVM that it costs,
 * with options that halve the processor time of a start.
 */
record ServerCommand(Path payara, Path domain, int heapMegabytes, ClassArchive archive) {
    /** What a start needs anyway; the JVM's own choice, a part of the machine's memory, is touched once and then kept. */
    private static final int INITIAL_HEAP_MEGABYTES = 256;

    /** So that a server with little to do holds less than 1 GiB. What is changed here needs another archive of classes. */
    static final List<String> MEMORY = List.of(
            // the heap is small: G1's own tables and its reserve of free regions cost 300 MB beside it, and save pauses
            // of it alone
            "-XX:+UseSerialGC",
            // headers of 8 bytes instead of 12: JEP 519
            "-XX:+UseCompactObjectHeaders",
            // a third of the largest heap otherwise, which the first busy minute touches and nothing gives back
            "-XX:MaxNewSize=128m",
            // after a full collection a fifth to two fifths are free, not two fifths to seven tenths
            "-XX:MinHeapFreeRatio=20",
            "-XX:MaxHeapFreeRatio=40");

    private static final int CARRIERS = 48;

    private static final Pattern VERSIONED = Pattern.compile("^\\[([^|\\]]*)\\|([^\\]]*)]");

    List<String> line(List<String> domainOptions) {
        var glassfish = payara.resolve("glassfish");
        var line = new ArrayList<String>();
        line.add(Java.program());
        line.add("-cp");
        line.add(domain.resolve("lib/ext") + "/*:" + glassfish.resolve("modules/glassfish.jar"));
        domainOptions.stream()
                .map(ServerCommand::forThisJava)
                .filter(option -> !option.isEmpty() && !isReplaced(option))
                .map(option -> option.replace("${com.sun.aas.installRoot}", glassfish.toString())
                        .replace("${com.sun.aas.instanceRoot}", domain.toString()))
                .forEach(line::add);
        line.add("-Xmx" + heapMegabytes + "m");
        line.add("-Xms" + INITIAL_HEAP_MEGABYTES + "m");
        line.addAll(MEMORY);
        line.add("-XX:+ExitOnOutOfMemoryError"); // a server without memory is worse than one that is started again
        // a virtual thread that waits for a class loader cannot leave its carrier, and the one that holds the lock
        // needs
        // a carrier to go on: with one for each of two processors the server stood still in its first minute
        line.add("-Djdk.virtualThreadScheduler.parallelism="
                + Math.max(CARRIERS, Runtime.getRuntime().availableProcessors()));
        // no shell inside the server, and no folder that is watched for bundles
        line.add("-Dorg.glassfish.additionalOSGiBundlesToStart=");
        // its services start one after the other: side by side, seen on a busy machine, the HTTP service closed its
        // ports
        // over another one that was not there yet, and what was deployed then was never found
        line.add("-Dorg.glassfish.startupThreadPolicy=USE_NO_THREADS");
        line.addAll(archive.options());
        line.add("-Dcom.sun.aas.installRoot=" + glassfish);
        line.add("-Dcom.sun.aas.instanceRoot=" + domain);
        line.add("com.sun.enterprise.glassfish.bootstrap.ASMain");
        line.addAll(List.of(
                "-upgrade",
                "false",
                "-read-stdin",
                "false",
                "-domainname",
                domain.getFileName().toString()));
        line.addAll(List.of("-domaindir", domain.toString(), "-instancename", "server", "-type", "DAS"));
        line.addAll(List.of("-verbose", "false", "-debug", "false", "-watchdog", "false", "-warmup", "false"));
        line.addAll(List.of("-asadmin-classname", "com.sun.enterprise.admin.cli.AdminMain"));
        line.addAll(List.of(
                "-asadmin-classpath",
                glassfish.resolve("lib/client/appserver-cli.jar").toString()));
        line.addAll(List.of("-asadmin-args", "start-domain,,," + domain.getFileName()));
        return line;
    }

    private static boolean isReplaced(String option) {
        return option.startsWith("-Xmx")
                || option.startsWith("-Dorg.glassfish.additionalOSGiBundlesToStart=")
                || option.startsWith("-Dosgi.shell.telnet.")
                || option.startsWith("-Dfelix.fileinstall.");
    }

    /** "[24|]-Doption": for Java 24 and newer; "[Vendor-11|]": for a vendor's. Empty if it is not for ours. */
    static String forThisJava(String option) {
        var matcher = VERSIONED.matcher(option);
        if (!matcher.find()) {
            return option;
        }
        boolean from = matcher.group(1).isEmpty()
                || number(matcher.group(1)) <= Runtime.version().feature();
        boolean to = matcher.group(2).isEmpty()
                || number(matcher.group(2)) >= Runtime.version().feature();
        return from && to ? option.substring(matcher.end()) : "";
    }

    private static int number(String version) {
        var digits = version.replaceFirst("\\..*", "");
        return digits.chars().allMatch(Character::isDigit) && !digits.isEmpty()
                ? Integer.parseInt(digits)
                : Integer.MAX_VALUE;
    }
}
