// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What the server is told about images on this machine: which Pythons there are, and how its packages are found. */
record ImageSettings(Settings settings, Python python) {
    /** Settings of the server that are passed on as they are. */
    private static final List<String> GIVEN = List.of(
            "SERAI_IMAGE_BASES",
            "SERAI_IMAGE_MICROMAMBA",
            "SERAI_IMAGE_PACKAGES",
            "SERAI_IMAGE_RELEASE",
            "SERAI_IMAGE_BUILD_CPU",
            "SERAI_IMAGE_BUILD_MEMORY",
            "SERAI_IMAGE_BUILD_DISK",
            "SERAI_IMAGE_BUILD_TIMEOUT",
            "SERAI_IMAGE_BUILD_SILENCE");

    /** How this machine's package tools find their way; what names a file of this machine would mean nothing in a build. */
    private static final List<String> NETWORK = List.of(
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "PIP_TRUSTED_HOST",
            "PIP_DEFAULT_TIMEOUT",
            "PIP_RETRIES",
            "UV_INDEX_URL",
            "UV_DEFAULT_INDEX",
            "UV_INDEX",
            "UV_EXTRA_INDEX_URL",
            "UV_HTTP_TIMEOUT",
            "MAMBA_CHANNEL_ALIAS",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "http_proxy",
            "https_proxy",
            "no_proxy");

    private static final List<String> TRUST = List.of("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE");

    Map<String, String> environment() {
        var environment = new LinkedHashMap<String, String>();
        GIVEN.forEach(name -> settings.text(name).ifPresent(value -> environment.put(name, value)));
        put(environment, "SERAI_IMAGE_PYTHONS", pythons());
        put(environment, "SERAI_IMAGE_ENVIRONMENT", network());
        put(environment, "SERAI_IMAGE_CERTIFICATES", certificates());
        return environment;
    }

    private void put(Map<String, String> environment, String name, String found) {
        var value = settings.text(name).orElse(found);
        if (!value.isEmpty()) {
            environment.put(name, value);
        }
    }

    private String network() {
        return NETWORK.stream()
                .flatMap(name -> settings.text(name).stream().map(value -> name + "=" + value))
                .collect(Collectors.joining("\n"));
    }

    private String certificates() {
        return TRUST.stream()
                .flatMap(name -> settings.text(name).stream())
                .filter(file -> Files.isReadable(Path.of(file)))
                .findFirst()
                .orElse("");
    }

    /** Of pyenv and uv: they can be moved. Not the distribution's, which is spread over /usr. */
    private String pythons() {
        var found = new TreeMap<String, String>();
        var home = Path.of(System.getProperty("user.home"));
        for (var folder : List.of(home.resolve(".pyenv/versions"), home.resolve(".local/share/uv/python"))) {
            for (var prefix : children(folder)) {
                for (int minor = 10; minor <= 20; minor++) {
                    if (Files.isExecutable(prefix.resolve("bin/python3." + minor))) {
                        found.put("3." + minor, prefix.toString());
                    }
                }
            }
        }
        found.remove(python.minor()); // the runner's own is taken for that one
        return found.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(","));
    }

    private static List<Path> children(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var all = Files.list(folder)) {
            return all.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            return List.of(); // not ours to read
        }
    }
}
