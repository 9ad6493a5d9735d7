// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Duration;
import java.util.HashMap;

/**
 * What became of layers of images, and of what else this machine keeps for containers.
 *
 * @param layers that the server has forgotten
 * @param removed of those that this machine had
 * @param freed bytes of these
 * @param kept in use, or made within the hour
 * @param needed by some image
 * @param tags that were removed from the registry
 * @param mended layers that the registry had lost and has again
 * @param unpublished images that it has lost
 * @param registry what went wrong with it; empty if nothing did, or there is none
 * @param unused other entries of the cache that nobody had used for long, removed
 * @param unusedFreed bytes of these
 */
record CollectedImages(
        @JsonProperty("layers") int layers,
        @JsonProperty("removed") int removed,
        @JsonProperty("freed") long freed,
        @JsonProperty("kept") int kept,
        @JsonProperty("needed") int needed,
        @JsonProperty("tags") int tags,
        @JsonProperty("mended") int mended,
        @JsonProperty("unpublished") int unpublished,
        @JsonProperty("registry") String registry,
        @JsonProperty("unused") int unused,
        @JsonProperty("unused_freed") long unusedFreed) {
    /**
     * @param unusedFor seconds; null for the server's own
     * @param maxSize mebibytes; null for the server's own
     * @return how many layers it has forgotten
     */
    static int forget(String server, String adminToken, Integer unusedFor, Integer maxSize) {
        var wish = new HashMap<String, Integer>();
        if (unusedFor != null) {
            wish.put("unused_for_s", unusedFor);
        }
        if (maxSize != null) {
            wish.put("max_size_mb", maxSize);
        }
        var answer = Http.postJson(
                        server + "/api/v1/images/collections",
                        Duration.ofMinutes(5),
                        Json.pretty(wish),
                        "Bearer " + adminToken)
                .orElseThrow(() ->
                        Failure.because("the server at %s does not answer: ./serai status says what runs", server));
        if (answer.statusCode() != 200) {
            throw Failure.because(
                    "layers are not collected: HTTP %d %s",
                    answer.statusCode(),
                    Json.parse(answer.body()).path("detail").asText(answer.body()));
        }
        return Json.parse(answer.body()).path("layers").asInt();
    }

    /** @param said by the runner's command */
    static CollectedImages of(int layers, String said) {
        var json = Json.parse(said);
        return new CollectedImages(
                layers,
                json.path("removed").asInt(),
                json.path("freed").asLong(),
                json.path("kept").asInt(),
                json.path("needed").asInt(),
                json.path("tags").asInt(),
                json.path("mended").asInt(),
                json.path("unpublished").asInt(),
                json.path("registry").asText(),
                json.path("unused").asInt(),
                json.path("unused_freed").asLong());
    }
}
