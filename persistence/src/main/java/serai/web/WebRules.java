// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import java.time.Duration;
import java.util.Optional;

/**
 * What is asked of those who call a function by HTTP. What is empty is left to whoever asks next: the server's settings.
 *
 * @param rate of all callers together
 * @param callerRate of each caller: a proxy token, or an address
 * @param concurrency requests and WebSockets at a time, on each server
 * @param callerConcurrency of each caller
 * @param allowed who may call at all
 * @param maxWaiting requests that wait for a container
 * @param maxWaitingBytes what those hold
 * @param maxWait how long one waits
 * @param maxBody bytes of a request
 * @param redirectAfter then a request without an answer is sent on to where it can be waited for
 * @param clientPatience how long a client may take for the next piece
 */
public record WebRules(
        Optional<Rate> rate,
        Optional<Rate> callerRate,
        Optional<Integer> concurrency,
        Optional<Integer> callerConcurrency,
        Optional<Networks> allowed,
        Optional<Integer> maxWaiting,
        Optional<Long> maxWaitingBytes,
        Optional<Duration> maxWait,
        Optional<Long> maxBody,
        Optional<Duration> redirectAfter,
        Optional<Duration> clientPatience) {

    public static final WebRules NONE = new WebRules(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    /** These, and where they say nothing, those. */
    public WebRules or(WebRules others) {
        return new WebRules(
                rate.or(others::rate),
                callerRate.or(others::callerRate),
                concurrency.or(others::concurrency),
                callerConcurrency.or(others::callerConcurrency),
                allowed.or(others::allowed),
                maxWaiting.or(others::maxWaiting),
                maxWaitingBytes.or(others::maxWaitingBytes),
                maxWait.or(others::maxWait),
                maxBody.or(others::maxBody),
                redirectAfter.or(others::redirectAfter),
                clientPatience.or(others::clientPatience));
    }
}
