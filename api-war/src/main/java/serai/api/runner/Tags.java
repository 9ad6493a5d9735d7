// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.util.List;
import java.util.Optional;
import serai.image.RegistryTags;
import serai.problem.Problem;

/** Tags of the registry, and what a builder saw of each. */
public record Tags(List<Seen> tags) {
    private static final int MAX = 10_000;

    public Tags {
        if (tags == null || tags.size() > MAX || tags.contains(null)) {
            throw Problem.INVALID_ARGUMENT.because("tags: a list of at most %s is needed", MAX);
        }
    }

    static Tags of(List<RegistryTags.Tag> tags) {
        return new Tags(
                tags.stream().map(it -> new Seen(it.tag(), it.serial(), "")).toList());
    }

    List<String> names() {
        return tags.stream().map(Seen::tag).toList();
    }

    /**
     * @param serial as the server said it; 0 for one that is to be pushed
     * @param digest of the manifest that the tag has; empty or null for none
     */
    public record Seen(String tag, int serial, String digest) {
        public Seen {
            digest = digest == null ? "" : digest;
            if (tag == null
                    || !RegistryTags.Tag.NAME.matcher(tag).matches()
                    || !RegistryTags.Tag.MANIFEST.matcher(digest).matches()) {
                throw Problem.INVALID_ARGUMENT.because("a tag, and the digest of its manifest, are needed");
            }
        }

        RegistryTags.Tag asked() {
            return new RegistryTags.Tag(tag, serial);
        }

        Optional<String> manifest() {
            return Optional.of(digest).filter(it -> !it.isEmpty());
        }
    }
}
